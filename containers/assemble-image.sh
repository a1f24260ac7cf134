#!/usr/bin/env bash
# `assemble-image.sh STAGED IMAGE`: runs as root in a throw-away Debian and makes IMAGE, the whole root of the image, from
# what scripts/build-image.sh gathered in STAGED and from Debian's packages. Fails if the Tesseract compiled here does not
# read the sample pages, to the byte, as Debian's own does.
set -euo pipefail

STAGED=$1
IMAGE=$2
ROOT=$IMAGE/opt/ocr-pipeline
LANGUAGES=(eng fra deu frk ita spa lat grc ell osd)
# What the machine code in the image calls, a shell with the usual commands, and stdbuf(1), which busybox lacks.
RUNTIME=(libc6 libgcc-s1 libstdc++6 busybox-static coreutils)
LIBRARIES=/usr/lib/x86_64-linux-gnu

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# Everything here is thrown away: no manuals, no waiting for the disk, no other user for downloads.
cat >/etc/dpkg/dpkg.cfg.d/throw-away <<'END'
force-unsafe-io
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
END
echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/throw-away

apt() { timeout -k 30 900 apt-get -qq -y -o Acquire::Retries=3 -o Acquire::Languages=none --no-install-recommends "$@" </dev/null; }

install_debian_tesseract() {
  apt update
  apt install busybox-static tesseract-ocr "${LANGUAGES[@]/#/tesseract-ocr-}" >/dev/null
}

compile_tesseract() {
  local data language
  if [ -d "$STAGED/compiled" ]; then
    apt install binutils >/dev/null
    mkdir -p "$ROOT"
    cp -R "$STAGED/compiled" "$ROOT/tesseract"
  else
    OCR_PIPELINE_TESSERACT_PARTS=$STAGED/tesseract bash "$STAGED/build-tesseract.sh" --prefix "$ROOT/tesseract"
  fi
  data=$(dirname "$(find /usr/share/tesseract-ocr -name eng.traineddata)")
  rm -rf "$ROOT/tesseract/share/tessdata"
  mkdir -p "$ROOT/tesseract/share/tessdata"
  for language in "${LANGUAGES[@]}"; do cp "$data/$language.traineddata" "$ROOT/tesseract/share/tessdata/"; done
  cp -R "$data/configs" "$data/tessconfigs" "$ROOT/tesseract/share/tessdata/"
  printf '%s\n' "${LANGUAGES[@]}" >"$ROOT/tesseract/share/languages"
}

install_program() {
  mkdir -p "$ROOT/bin" "$ROOT/libexec" "$ROOT/node/bin"
  cp -R "$STAGED/app" "$ROOT/app"
  install -m 755 "$STAGED/node" "$ROOT/node/bin/node"
  strip --strip-unneeded "$ROOT/node/bin/node"
  install -m 755 "$STAGED/launcher.sh" "$ROOT/bin/ocr-pipeline"
  local each
  for each in unpack compare-texts test-image; do install -m 755 "$STAGED/$each.sh" "$ROOT/libexec/$each"; done
  "$ROOT/node/bin/node" "$STAGED/write-manifest.mjs" "$ROOT" "$(cat /etc/debian_version)"
}

# Pages as the program draws them, and what Debian's Tesseract makes of them.
make_samples() {
  local pdf language number page name
  mkdir -p "$ROOT/samples"
  for pdf in "$STAGED"/samples/*.pdf; do
    language=$(basename "$pdf" .pdf)
    "$ROOT/bin/ocr-pipeline" rasterize "$pdf" --output "/tmp/pages-$language" >/dev/null
    number=0
    for page in "/tmp/pages-$language"/*.png; do
      number=$((number + 1))
      name=$ROOT/samples/$language-$number
      cp "$page" "$name.png"
      OMP_THREAD_LIMIT=1 /usr/bin/tesseract stdin stdout -l "$language" -c tessedit_create_hocr=1 <"$page" >"$name.hocr" 2>/dev/null
    done
  done
  "$ROOT/libexec/compare-texts" "$ROOT/tesseract/bin/tesseract" "$ROOT/samples"
}

# The few files an image needs besides: no package manager, no shells but one, no documentation.
make_root() {
  local each command
  mkdir -p /tmp/runtime "$IMAGE"/{bin,lib64,tmp,proc,sys,dev,root,home,mnt,etc,var/tmp,usr/bin,"${LIBRARIES#/}"}
  (cd /tmp/runtime && apt download "${RUNTIME[@]}")
  for each in /tmp/runtime/*.deb; do dpkg-deb -x "$each" /tmp/runtime/root; done
  find /tmp/runtime/root -path '*/x86_64-linux-gnu/*.so*' ! -path '*/gconv/*' ! -path '*/audit/*' ! -path '*/gdb/*' \
    -exec cp -P {} "$IMAGE$LIBRARIES/" \;
  cp -L /tmp/runtime/root/lib64/ld-linux-x86-64.so.2 "$IMAGE/lib64/"
  cp /tmp/runtime/root/bin/busybox "$IMAGE/bin/"
  for command in $("$IMAGE/bin/busybox" --list); do [ "$command" = busybox ] || ln -s busybox "$IMAGE/bin/$command"; done
  mkdir -p "$IMAGE/usr/libexec/coreutils"
  cp /tmp/runtime/root/usr/bin/stdbuf "$IMAGE/usr/bin/"
  cp /tmp/runtime/root/usr/libexec/coreutils/libstdbuf.so "$IMAGE/usr/libexec/coreutils/"
  ln -s /bin/env "$IMAGE/usr/bin/env"
  ln -s /opt/ocr-pipeline/bin/ocr-pipeline "$IMAGE/usr/bin/ocr-pipeline"
  ln -s /opt/ocr-pipeline/tesseract/bin/tesseract "$IMAGE/usr/bin/tesseract"
  cp -L /etc/os-release "$IMAGE/etc/os-release"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$IMAGE/etc/passwd"
  echo 'root:x:0:' >"$IMAGE/etc/group"
  chmod 1777 "$IMAGE/tmp" "$IMAGE/var/tmp"
}

keep_licences() {
  local each
  mkdir -p "$ROOT/licences"
  for each in libc6 busybox-static coreutils; do cp "/usr/share/doc/$each/copyright" "$ROOT/licences/$each"; done
  # That of libgcc-s1 and libstdc++6 is in a package they share.
  cp /usr/share/doc/gcc-*-base/copyright "$ROOT/licences/gcc"
  cp /usr/share/doc/tesseract-ocr-eng/copyright "$ROOT/licences/tesseract-ocr-data"
  echo "Node.js $("$ROOT/node/bin/node" --version), MIT and others: https://github.com/nodejs/node/blob/main/LICENSE" >"$ROOT/licences/node"
}

install_debian_tesseract
compile_tesseract
install_program
make_samples
make_root
keep_licences
# Nothing of a build may depend on who reads it: every file is everybody's to read.
chmod -R a+rX "$IMAGE"
