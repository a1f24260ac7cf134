#!/bin/sh
# `unpack FOLDER`: copies the program out of the image, for computers without Node.js. All of it arrives, or nothing.
set -eu
if [ $# -ne 1 ] || [ -z "$1" ]; then
  echo "Usage: apptainer run ocr-pipeline.sif unpack FOLDER        (64)" >&2
  exit 64
fi
target=${1%/}
program=$(readlink -f "$0")
if [ -e "$target" ]; then
  echo "There is something at $target already; it was not touched. Name a new folder, or remove it first. [NAME_TAKEN] (74)" >&2
  exit 74
fi
new="$target.new.$$"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$(dirname "$target")"
cp -R "${program%/libexec/*}" "$new"
chmod -R u+w "$new"
mv "$new" "$target"
echo "Unpacked. Next:  $target/bin/ocr-pipeline doctor" >&2
