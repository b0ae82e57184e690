/** What a schema library's `safeParse` answers, as far as it is used here. */
export type SchemaVerdict<T> =
  | { readonly success: true; readonly data: T; readonly error?: undefined }
  | {
      readonly success: false
      readonly data?: undefined
      readonly error: {
        readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
      }
    }

/**
 * Whether an input from outside fits a schema. For such input `safeParse` alone is not safe: a bound on a text or a list compares the
 * `length` of whatever came, and throws where that cannot become a number, as of {"length":{"toString":1}}. Here that is a refusal.
 */
export function schemaVerdict<T>(
  schema: { safeParse(value: unknown): SchemaVerdict<T> },
  value: unknown,
): SchemaVerdict<T> {
  try {
    return schema.safeParse(value)
  } catch {
    // Only what the library does not foresee is thrown: no schema of ours throws on purpose.
    return { success: false, error: { issues: [{ path: [], message: 'no value of this form' }] } }
  }
}
