#!/bin/sh
# The command `ocr-pipeline`, wherever its folder lies: its own Node.js, and its own Tesseract unless another is named.
set -eu
program=$(readlink -f "$0")
root=${program%/bin/*}
export OMP_THREAD_LIMIT=1
export OCR_PIPELINE_TESSERACT="${OCR_PIPELINE_TESSERACT:-$root/tesseract/bin/tesseract}"
# Node.js forgets at its start which signals are ignored (nohup, jobs in the background): it is told here.
while read -r key mask; do
  if [ "$key" = SigIgn: ]; then export OCR_IGNORED_SIGNALS="$$:$mask"; fi
done 2>/dev/null <"/proc/$$/status" || :
exec "$root/node/bin/node" "$root/app/bin/ocr-pipeline.js" "$@"
