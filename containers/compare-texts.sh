#!/bin/sh
# `compare-texts TESSERACT FOLDER`: reads each FOLDER/<language>-<n>.png and compares, to the byte, with the .hocr beside it,
# which Debian's own Tesseract wrote: words, boxes and confidences.
set -eu
tesseract=$1
compared=0
for image in "$2"/*.png; do
  expected=${image%.png}.hocr
  language=$(basename "$image")
  "$tesseract" stdin stdout -l "${language%%-*}" -c tessedit_create_hocr=1 <"$image" 2>/dev/null | cmp -s - "$expected" || {
    echo "$tesseract does not read $image as Debian's Tesseract does" >&2
    exit 1
  }
  compared=$((compared + 1))
done
[ "$compared" -gt 0 ] || {
  echo "no sample pages in $2" >&2
  exit 1
}
echo "$tesseract: $compared pages as Debian's"
