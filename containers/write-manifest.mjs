// `node write-manifest.mjs ROOT DEBIAN`: writes ROOT/manifest.json, what is in the image, for programs to read.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , root, debian] = process.argv;
const read = (...path) => readFileSync(join(root, ...path));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const models = {};
for (const name of readdirSync(join(root, 'tesseract/share/tessdata')).toSorted()) {
  const code = /^(.+)\.traineddata$/.exec(name)?.[1];
  if (code !== undefined) models[code] = sha256(read('tesseract/share/tessdata', name));
}
const record = JSON.parse(read('tesseract/share/tesseract-build.json').toString());
const source = Object.keys(record.sources).find((name) => name.startsWith('tesseract_')) ?? '';
const manifest = {
  program: { name: 'ocr-pipeline', version: JSON.parse(read('app/package.json').toString()).version },
  node: process.versions.node,
  debian,
  engine: {
    name: 'tesseract',
    version: /^tesseract_([\d.]+)/.exec(source)?.[1],
    ...record,
    program: undefined,
    models,
  },
};
writeFileSync(join(root, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
