declare module 'snappyjs' {
  const snappy: {
    /** @throws Error when the input is not a raw snappy block, or is larger than `maxLength` once decompressed. */
    uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
    compress(uncompressed: Uint8Array): Uint8Array;
  };
  export = snappy;
}
