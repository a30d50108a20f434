/** How much of what a broker holds is held in memory at a time, once it is decompressed. In bytes. */
export interface ReadLimits {
  /** Largest body. Of a larger one only so much is kept as it takes to set it aside. */
  readonly bodyBytes: number;
  /** What one fetch from Kafka may come to; what is beyond it is read by the next ones. */
  readonly batchBytes: number;
}

export const DEFAULT_READ_LIMITS: ReadLimits = { bodyBytes: 1 << 20, batchBytes: 64 << 20 };
