"""What a model meant as its answer: thoughts and special tokens out (`spoken`), then the code in it (`code`, `definitions`)."""
