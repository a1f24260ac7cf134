'use strict';

const { existsSync, mkdirSync, statSync } = require('node:fs');
const { enableCompileCache, getCompileCacheDir } = require('node:module');
const { homedir } = require('node:os');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const built = join(__dirname, '..', 'dist', 'cli', 'main.js');
const source = join(__dirname, '..', 'src', 'cli', 'main.ts');

function start(file) {
  import(pathToFileURL(file).href).then(
    (program) => program.main(),
    (error) => {
      process.stderr.write(
        error.code === 'ERR_MODULE_NOT_FOUND'
          ? 'A part of ocr-pipeline is not installed. [INCOMPLETE] (69)\n  Why   ' +
              error.message +
              '\n  Do    npm install\n'
          : 'ocr-pipeline cannot start. Please report this. [CANNOT_START] (70)\n' + error.stack + '\n',
      );
      process.exitCode = error.code === 'ERR_MODULE_NOT_FOUND' ? 69 : 70;
    },
  );
}

/* Whether nobody else can write to a folder, which is made if it is not there. */
function isOurs(folder) {
  try {
    // Not `recursive`, which never settles where a file system answers ENOENT below a folder that is there.
    for (const each of [dirname(folder), folder]) if (!existsSync(each)) mkdirSync(each, { mode: 0o700 });
    const facts = statSync(folder);
    // Windows has no such owners.
    return process.getuid === undefined || (facts.uid === process.getuid() && (facts.mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/*
 * Compiled code is kept between starts, by this process and by the page workers, which a start costs a third of a second
 * else. In a folder of the person's own: what others may write must not be run. Where there can be none nothing is kept.
 */
function keepCompiledCode() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ocr-pipeline');
  const isNamed = Boolean(process.env.NODE_COMPILE_CACHE);
  if (!isNamed && !isOurs(cache)) return;
  enableCompileCache(isNamed ? process.env.NODE_COMPILE_CACHE : join(cache, 'node'));
  const folder = getCompileCacheDir();
  if (folder !== undefined) process.env.NODE_COMPILE_CACHE = folder;
}

/* A checkout has the source and, after `npm run build`, perhaps an older build beside it: the source wins. */
module.exports = function startProgram() {
  keepCompiledCode();
  if (existsSync(source) && process.features.typescript) {
    start(source);
  } else if (existsSync(built)) {
    start(built);
  } else {
    process.stderr.write(
      'ocr-pipeline is not built, and this Node (' +
        process.versions.node +
        ') cannot run its source. [NOT_BUILT] (69)\n' +
        '  Do    npm run build, or use Node 24\n',
    );
    process.exitCode = 69;
  }
};
