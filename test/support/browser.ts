import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { HANG_MS } from './hang.ts';

/** Keep the browser from looking for its maker's servers, and let it run as root. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's Chromium, without a window and with a folder of its own, which goes with it. */
export async function openBrowser(
  options: { readonly widthPx?: number; readonly heightPx?: number; readonly javaScript?: boolean } = {},
): Promise<AsyncDisposable & { readonly context: BrowserContext }> {
  const folder = mkdtempSync(join(tmpdir(), 'browser-'));
  const { widthPx = 1280, heightPx = 900, javaScript = true } = options;
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    viewport: { width: widthPx, height: heightPx },
    javaScriptEnabled: javaScript,
    // Starting takes long where much else runs.
    timeout: HANG_MS,
  });
  context.setDefaultTimeout(HANG_MS);
  return {
    context,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
