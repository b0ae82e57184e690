/** The family of the built-in model, which is there to show the way and not to be right. */
export function isDemoModel(model: string): boolean {
  return model.startsWith('whale-')
}
