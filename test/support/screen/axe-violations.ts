import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { CodedError } from '../../../src/lib/coded-error.ts'

/**
 * What axe finds wrong on a page as it stands, one line each. The same rules as AxeBuilder's, but axe is put into the page once and not with
 * each look, nothing is kept of what is right, and no second page is opened to gather the frames: a fourth of the time, an eighth without contrasts.
 * @throws CodedError `unexpected_frame` for a page with frames, into which this does not look
 */
export async function axeViolations(page: Page, { contrast }: { readonly contrast: boolean }): Promise<string[]> {
  if (page.frames().length !== 1) {
    throw new CodedError('unexpected_frame', 'a page with frames needs AxeBuilder')
  }
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    await page.evaluate(axe.source)
  }
  return page.evaluate(async (isContrast) => {
    const { run } = (globalThis as unknown as { readonly axe: typeof axe }).axe
    const rules = { 'color-contrast': { enabled: isContrast } }
    const { violations } = await run(document, { resultTypes: ['violations'], rules })
    return violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)
  }, contrast)
}
