/**
 * SHA-256 (FIPS 180-4). Written here because the race imports no third party, and because the digest of an attempt and the draws
 * of an epoch feed the compression function words directly. GPU twin: shaders/sha256.wgsl.
 */
const ROUND_CONSTANTS = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
)

const INITIAL_STATE = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)

/** Words of the message schedule; a caller of `sha256Compress` fills the first 16. */
export const SHA256_SCHEDULE_WORDS = 64

/** Reused by every call of `sha256`: a block of the chain hashes a million short strings, and an allocation costs as much as one. */
const SHARED_STATE = new Int32Array(8)
const SHARED_SCHEDULE = new Int32Array(SHA256_SCHEDULE_WORDS)
const SHARED_TAIL = new Uint8Array(128)

/** SHA-256 of a byte string, 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const whole = data.length >> 6
  SHARED_STATE.set(INITIAL_STATE)
  for (let block = 0; block < whole; block++) {
    fillSchedule(SHARED_SCHEDULE, data, block << 6)
    sha256Compress(SHARED_STATE, SHARED_SCHEDULE)
  }
  const rest = data.length & 63
  SHARED_TAIL.fill(0)
  for (let i = 0, from = whole << 6; i < rest; i++) {
    SHARED_TAIL[i] = data[from + i] as number
  }
  SHARED_TAIL[rest] = 0x80
  const end = rest < 56 ? 64 : 128
  // The bit length has two words: an input may be longer than 512 MiB.
  writeWord(SHARED_TAIL, end - 4, data.length << 3)
  writeWord(SHARED_TAIL, end - 8, data.length >>> 29)
  for (let offset = 0; offset < end; offset += 64) {
    fillSchedule(SHARED_SCHEDULE, SHARED_TAIL, offset)
    sha256Compress(SHARED_STATE, SHARED_SCHEDULE)
  }
  return sha256StateBytes(SHARED_STATE)
}

/** The state after the first block `block` (64 bytes): the start of every hash whose input begins with it. */
export function sha256Midstate(block: Uint8Array): Int32Array {
  const state = Int32Array.from(INITIAL_STATE)
  const schedule = new Int32Array(SHA256_SCHEDULE_WORDS)
  fillSchedule(schedule, block, 0)
  sha256Compress(state, schedule)
  return state
}

/**
 * SHA-256(prefix ‖ counter as u64be) for any number of counters below 2^53: what the prefix fills is hashed once. The state that is
 * returned is the digest in big-endian words and stands until the next call.
 */
export function sha256Counter(prefix: Uint8Array): (counter: number) => Int32Array {
  const length = prefix.length + COUNTER_BYTES
  const whole = prefix.length >> 6
  const midstate = Int32Array.from(INITIAL_STATE)
  const schedule = new Int32Array(SHA256_SCHEDULE_WORDS)
  for (let block = 0; block < whole; block++) {
    fillSchedule(schedule, prefix, block << 6)
    sha256Compress(midstate, schedule)
  }
  const tail = new Uint8Array((((length + 72) >> 6) - whole) << 6)
  tail.set(prefix.subarray(whole << 6))
  const at = prefix.length - (whole << 6)
  tail[at + COUNTER_BYTES] = 0x80
  writeWord(tail, tail.length - 4, length << 3)
  const state = new Int32Array(8)
  return (counter) => {
    writeWord(tail, at, (counter - (counter >>> 0)) / 2 ** 32)
    writeWord(tail, at + 4, counter >>> 0)
    state.set(midstate)
    for (let offset = 0; offset < tail.length; offset += 64) {
      fillSchedule(schedule, tail, offset)
      sha256Compress(state, schedule)
    }
    return state
  }
}

const COUNTER_BYTES = 8

function fillSchedule(schedule: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < 16; i++) {
    schedule[i] = readWord(bytes, offset + (i << 2))
  }
}

/** One application of the compression function: `schedule[0 … 15]` is the block, the rest is overwritten. */
export function sha256Compress(state: Int32Array, schedule: Int32Array): void {
  for (let i = 16; i < SHA256_SCHEDULE_WORDS; i++) {
    const early = schedule[i - 15] as number
    const late = schedule[i - 2] as number
    const small0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const small1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    schedule[i] = ((schedule[i - 16] as number) + small0 + (schedule[i - 7] as number) + small1) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < SHA256_SCHEDULE_WORDS; i++) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + big1 + choice + (ROUND_CONSTANTS[i] as number) + (schedule[i] as number)) | 0
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + big0 + majority) | 0
  }
  state[0] = ((state[0] as number) + a) | 0
  state[1] = ((state[1] as number) + b) | 0
  state[2] = ((state[2] as number) + c) | 0
  state[3] = ((state[3] as number) + d) | 0
  state[4] = ((state[4] as number) + e) | 0
  state[5] = ((state[5] as number) + f) | 0
  state[6] = ((state[6] as number) + g) | 0
  state[7] = ((state[7] as number) + h) | 0
}

/** The state as the 32 big-endian bytes of a finished hash. */
export function sha256StateBytes(state: Int32Array): Uint8Array {
  const digest = new Uint8Array(32)
  for (let i = 0; i < 8; i++) {
    writeWord(digest, i << 2, state[i] as number)
  }
  return digest
}

/** Big-endian word at `offset`, as int32. */
export function readWord(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) << 24) |
    ((bytes[offset + 1] as number) << 16) |
    ((bytes[offset + 2] as number) << 8) |
    (bytes[offset + 3] as number)
  )
}

function writeWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24
  bytes[offset + 1] = word >>> 16
  bytes[offset + 2] = word >>> 8
  bytes[offset + 3] = word
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}
