/** A fresh id in the shape that callers' patterns expect: 122 random bits as a version-5 UUID. */
export function newId(prefix: 'st' | 'cs'): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, index) => shape(byte, index).toString(16).padStart(2, '0')).join('');
  return `${prefix}-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function shape(byte: number, index: number): number {
  if (index === 6) return (byte & 0x0f) | 0x50;
  return index === 8 ? (byte & 0x3f) | 0x80 : byte;
}
