/** Enciphers or deciphers with RC4, which OpenSSL 3 no longer offers by default. For reading old PDFs; it protects nothing. */
export function rc4(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const state = new Uint8Array(256);
  for (let i = 0; i < 256; i++) state[i] = i;
  for (let i = 0, j = 0; i < 256; i++) {
    const held = state[i] as number;
    j = (j + held + (key[i % key.length] as number)) & 255;
    state[i] = state[j] as number;
    state[j] = held;
  }
  const out = new Uint8Array(bytes.length);
  for (let n = 0, i = 0, j = 0; n < bytes.length; n++) {
    i = (i + 1) & 255;
    const held = state[i] as number;
    j = (j + held) & 255;
    const other = state[j] as number;
    state[i] = other;
    state[j] = held;
    out[n] = (bytes[n] as number) ^ (state[(held + other) & 255] as number);
  }
  return out;
}
