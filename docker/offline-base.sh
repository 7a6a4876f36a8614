#!/bin/sh
# Makes the base image sandbox-rl-base from Debian's packages, for machines that reach no image registry.
# Needs root, debootstrap and a running docker engine; takes about a minute and 260 MB.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
debootstrap --variant=minbase --include=python3 bookworm "$folder/root" >&2
tar -C "$folder/root" -c . | docker import - sandbox-rl-base
