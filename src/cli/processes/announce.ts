/** Says where the application is, for a program in one JSON line, for a person by opening the screen. */
import { join } from 'node:path'
import type { OpenedBrowser } from '../../main/screen/open-browser.ts'
import { openBrowser } from '../../main/screen/open-browser.ts'
import type { CliContext } from '../context.ts'

export interface Announced {
  readonly home: string
  readonly logFolder: string
  readonly isJson: boolean
  readonly isOpening: boolean
}

/** `link` is empty where the application brought its own window to the front. */
export async function announce(
  endpoints: { readonly link: string; readonly rpc: string; readonly screen: string; readonly p2p: readonly string[] },
  at: Announced,
  context: CliContext,
): Promise<OpenedBrowser | undefined> {
  const { terminal } = context
  const { link, ...others } = endpoints
  if (at.isJson) {
    terminal.out(JSON.stringify({ event: 'started', ...others, link }))
  }
  const opened = at.isOpening && link !== '' ? await openScreen(link, at.home, context) : undefined
  if (link === '') {
    terminal.say('Its window was brought to the front.')
  } else {
    terminal.say(
      opened === undefined
        ? `Open this link in a browser: ${link}`
        : `The screen is open in your browser. If not: ${link}`,
    )
  }
  terminal.say(`Data: ${at.home}   Logs: ${at.logFolder}   Stop: Ctrl-C or \`tailrace stop\``)
  return opened
}

/** Undefined where no program took the link. */
export function openScreen(
  link: string,
  home: string,
  { env, platform }: Pick<CliContext, 'env' | 'platform'>,
): Promise<OpenedBrowser | undefined> {
  return openBrowser(link, {
    browser: env.TAILRACE_BROWSER,
    platform,
    profile: join(home, 'browser'),
    isRoot: process.getuid?.() === 0,
  })
}
