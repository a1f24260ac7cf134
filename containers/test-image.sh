#!/bin/sh
# What %test runs, inside the image: does all that was put in do its work?
set -eu
root=/opt/ocr-pipeline
tesseract=$root/tesseract/bin/tesseract
samples=$root/samples

# Each build that this processor can run; called directly, neither finds the data by itself.
export TESSDATA_PREFIX=$root/tesseract/share/tessdata
"$root/libexec/compare-texts" "$root/tesseract/libexec/tesseract-x86-64" "$samples"
if [ "$("$tesseract" --which-build)" = x86-64-v3 ]; then
  "$root/libexec/compare-texts" "$root/tesseract/libexec/tesseract-x86-64-v3" "$samples"
fi
unset TESSDATA_PREFIX

while read -r language; do
  mode=3
  [ "$language" != osd ] || mode=0
  "$tesseract" stdin stdout -l "$language" --psm "$mode" <"$samples/eng-1.png" 2>/dev/null | grep -q . || {
    echo "language data does not load: $language" >&2
    exit 1
  }
done <"$root/tesseract/share/languages"

[ "$(ocr-pipeline --version | head -n 1)" != "" ]
# Fails unless pdf.js, canvas and sharp load, and Tesseract answers.
ocr-pipeline doctor program libraries tesseract
grep -q '"models"' "$root/manifest.json"
echo "all tests of the image passed"
