/** A property does not hold: which, and how that shows. */
export class Broken extends Error {
  readonly property: string

  constructor(property: string, detail: string) {
    super(`${property}: ${detail}`)
    this.property = property
  }
}
