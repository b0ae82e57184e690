/** The digest of an attempt: SHA-256 from the host's midstate. Twin of src/lib/sha256.ts and createDigest in oracle.ts. */
import { hiddenAt, midstateAt, positions, targetAt, width } from './layout'

const scheduleAt: usize = memory.data(256)
const hashAt: usize = memory.data(32)
const CONSTANTS: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]

/** Hashes nonce ‖ state (the last row of attempt `lane` as int16), big endian, behind the 64 bytes of the midstate. */
export function digest(lane: i32, nonce: u64): void {
  const state = hiddenAt + ((<usize>((lane * positions + positions - 1) * width)) << 2)
  const messageWords = 2 + (width >> 1)
  // One word of padding start, two of length: rounded up to whole blocks of 16 words.
  const totalWords = (messageWords + 3 + 15) & ~15
  memory.copy(hashAt, midstateAt, 32)
  for (let block = 0; block < totalWords; block += 16) {
    for (let i = 0; i < 16; i++) {
      const index = block + i
      let word: u32 = 0
      if (index < 2) {
        word = <u32>(index === 0 ? nonce >> 32 : nonce)
      } else if (index < messageWords) {
        const pair = state + ((<usize>(index - 2)) << 3)
        word = (load<u32>(pair) << 16) | (load<u32>(pair, 4) & 0xffff)
      } else if (index === messageWords) {
        word = 0x80000000
      } else if (index === totalWords - 1) {
        word = (64 << 3) + (messageWords << 5)
      }
      store<u32>(scheduleAt + ((<usize>i) << 2), word)
    }
    compress()
  }
}

/** Whether the digest lies under the target, both read as 256-bit integers. */
export function isUnderTarget(): bool {
  for (let i: usize = 0; i < 32; i += 4) {
    const word = load<u32>(hashAt + i)
    const limit = load<u32>(targetAt + i)
    if (word !== limit) return word < limit
  }
  return false
}

/** The digest as its 32 bytes. */
export function storeDigest(to: usize): void {
  for (let i: usize = 0; i < 32; i += 4) {
    store<u32>(to + i, bswap(load<u32>(hashAt + i)))
  }
}

function compress(): void {
  for (let at = scheduleAt + 64; at < scheduleAt + 256; at += 4) {
    const early = load<u32>(at - 60)
    const late = load<u32>(at - 8)
    const small0 = rotr(early, 7) ^ rotr(early, 18) ^ (early >> 3)
    const small1 = rotr(late, 17) ^ rotr(late, 19) ^ (late >> 10)
    store<u32>(at, load<u32>(at - 64) + small0 + load<u32>(at - 28) + small1)
  }
  let a = load<u32>(hashAt)
  let b = load<u32>(hashAt, 4)
  let c = load<u32>(hashAt, 8)
  let d = load<u32>(hashAt, 12)
  let e = load<u32>(hashAt, 16)
  let f = load<u32>(hashAt, 20)
  let g = load<u32>(hashAt, 24)
  let h = load<u32>(hashAt, 28)
  for (let i = 0; i < 64; i++) {
    const big1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = h + big1 + choice + unchecked(CONSTANTS[i]) + load<u32>(scheduleAt + ((<usize>i) << 2))
    const big0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = d + first
    d = c
    c = b
    b = a
    a = first + big0 + majority
  }
  store<u32>(hashAt, load<u32>(hashAt) + a)
  store<u32>(hashAt, load<u32>(hashAt, 4) + b, 4)
  store<u32>(hashAt, load<u32>(hashAt, 8) + c, 8)
  store<u32>(hashAt, load<u32>(hashAt, 12) + d, 12)
  store<u32>(hashAt, load<u32>(hashAt, 16) + e, 16)
  store<u32>(hashAt, load<u32>(hashAt, 20) + f, 20)
  store<u32>(hashAt, load<u32>(hashAt, 24) + g, 24)
  store<u32>(hashAt, load<u32>(hashAt, 28) + h, 28)
}
