#!/usr/bin/env node
/* Plain old JavaScript: this file must be readable to any Node, so that an old one gets one clear line. */
'use strict';

var NEEDED = [22, 13];
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);

if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    'ocr-pipeline needs Node ' +
      NEEDED.join('.') +
      ' or newer; this is Node ' +
      process.versions.node +
      '. [NODE_TOO_OLD] (69)\n',
  );
  process.exitCode = 69;
} else {
  require('./start.js')();
}
