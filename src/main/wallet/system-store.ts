/** The key store of the operating system, where there is a sound one (Electron's async safeStorage). The service shell has none. */
export interface SystemStore {
  /** False where the system would only obscure (`basic_text`): then a passphrase is needed. */
  isSound(): Promise<boolean>
  encrypt(text: string): Promise<Uint8Array>
  /** Rejects where this user's store did not encrypt it. */
  decrypt(sealed: Uint8Array): Promise<string>
}
