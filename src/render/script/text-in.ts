/** What the engine's module has for writing text into its memory, where C expects it to end with a NUL. */
interface TextIn {
  /** Another one after memory grew. */
  readonly HEAPU8: Uint8Array;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, at: number, maxBytes: number): void;
}

const encoder = new TextEncoder();

/** From then on text goes in by the platform's encoder: that of the build goes letter by letter. */
export function writeByEncoder(module: TextIn): void {
  module.lengthBytesUTF8 = (text) => Buffer.byteLength(text);
  module.stringToUTF8 = (text, at, maxBytes) => {
    const bytes = module.HEAPU8;
    const { written } = encoder.encodeInto(text, bytes.subarray(at, at + maxBytes - 1));
    bytes[at + written] = 0;
  };
}
