#!/bin/sh
# Makes the base image sandbox-rl-base from Debian's packages, for machines that reach no image registry.
#   docker/offline-base.sh [--toolchains] [image]
# --toolchains adds gcc, g++, nodejs and numpy, for answers in C, C++ and JavaScript (bash is always there).
# Needs root, debootstrap and a running docker engine; takes about a minute, and 160 MB (560 MB with the toolchains).
set -eu
packages=python3
if [ "${1-}" = --toolchains ]; then
  packages=$packages,gcc,libc6-dev,g++,nodejs,python3-numpy
  shift
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
debootstrap --variant=minbase --include=$packages bookworm "$folder/root" >&2
rm -rf "$folder/root/var/cache/apt/archives" "$folder/root/var/lib/apt/lists"
tar -C "$folder/root" -c . | docker import - "${1-sandbox-rl-base}"
