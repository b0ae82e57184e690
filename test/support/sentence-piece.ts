/**
 * The two files of a tiny tokenizer of the SentencePiece kind, as Llama 2 has it: ▁ for spaces, bytes as <0xNN> for what the vocabulary
 * lacks, and a decoder that drops the first space. Ids: 0–2 special, then 256 bytes, then pieces.
 */
export function sentencePieceFiles(): [tokenizerJson: string, tokenizerConfigJson: string] {
  const specials = ['<unk>', '<s>', '</s>']
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  const pieces = ['▁', 'a', 'b', 'c', '▁a', '▁b', 'ab', '▁ab', '▁▁', '.', "'s"]
  const vocab = Object.fromEntries([...specials, ...bytes, ...pieces].map((token, id) => [token, id]))
  const tokenizer = {
    version: '1.0',
    added_tokens: specials.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: ['▁ a', '▁ b', 'a b', '▁ ab', '▁ ▁'],
    },
  }
  return [JSON.stringify(tokenizer), JSON.stringify({ bos_token: '<s>', eos_token: '</s>' })]
}
