/** Bounds of everything that a client sends. */
export const GATEWAY_LIMITS = {
  bodyBytes: 10_485_760,
  /** Bodies being read at one moment, all together. */
  bufferedBodyBytes: 67_108_864,
  jsonDepth: 32,
  apiKeyCharacters: 512,
  urlCharacters: 2_048,
  messages: 2_048,
  contentParts: 256,
  modelCharacters: 256,
  /** Identifiers and other short texts that are read over, such as `user`. */
  shortTextCharacters: 1_024,
  metadataEntries: 64,
  stops: 16,
  stopBytes: 256,
  /** As OpenAI's. */
  logitBiases: 300,
  topLogprobs: 5,
  choices: 5,
  /** Longer text than this for each token of the context is not even counted: no vocabulary packs that much on average. */
  promptBytesPerToken: 256,
  orderRows: 500,
} as const

export interface GatewayOptions {
  /** Browser origins that may use the gateway, exactly as browsers send them. None by default: other clients send no Origin. */
  readonly allowedOrigins?: readonly string[]
  /** Orders in work at one moment; a request takes one for each choice. */
  readonly maxConcurrentOrders?: number
}

export const DEFAULT_CONCURRENT_ORDERS = 64
