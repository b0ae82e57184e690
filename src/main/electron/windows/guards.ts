/**
 * What a page may not do. Invariant: a page of ours stays the page that it is, opens nothing, asks for nothing, and speaks to main only
 * where frame, address and window are the expected ones.
 */
import type { Logger } from '../../../lib/runtime.ts'
import type { PageKind } from '../core/core-wire.ts'
import type { ElectronApi, WebContents } from '../electron-api.ts'
import { isAppAddress, isExternalLink, isPageAt } from './page-addresses.ts'

/** Saving text to the clipboard, by a click on a copy button; nothing else. */
const PERMISSIONS_GIVEN: ReadonlySet<string> = new Set(['clipboard-sanitized-write'])

/** Nothing is loaded from elsewhere: the content security policy says so to the page, this says so to Chromium. */
const ADDRESSES_REFUSED = ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'ftp://*/*', 'file://*/*']

export function guardSession(session: Pick<Electron.Session, PermissionSetters | 'webRequest'>): void {
  session.webRequest.onBeforeRequest({ urls: ADDRESSES_REFUSED }, (_details, callback) => callback({ cancel: true }))
  const isGiven = (permission: string, url: string): boolean => PERMISSIONS_GIVEN.has(permission) && isAppAddress(url)
  session.setPermissionRequestHandler((contents, permission, callback) => {
    callback(isGiven(permission, contents?.getURL() ?? ''))
  })
  session.setPermissionCheckHandler((_contents, permission, origin) => isGiven(permission, origin))
  session.setDevicePermissionHandler(() => false)
}

type PermissionSetters = 'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'

/** For each web contents that ever comes to be. */
export function guardContents(contents: WebContents, openExternal: (url: string) => void, logger: Logger): void {
  const stay = (event: { preventDefault(): void }, url: string): void => {
    if (contents.getURL() !== '' && !isReload(contents.getURL(), url)) {
      event.preventDefault()
      logger.log('warn', 'navigation refused')
    } else if (!isAppAddress(url)) {
      event.preventDefault()
    }
  }
  contents.on('will-navigate', (event) => stay(event, event.url))
  contents.on('will-frame-navigate', (event) => stay(event, event.url))
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (isExternalLink(url)) {
      openExternal(url)
    }
    return { action: 'deny' }
  })
}

/** The same page again: a reload, also with another fragment. */
function isReload(from: string, to: string): boolean {
  return isAppAddress(to) && from.split('#')[0] === to.split('#')[0]
}

export interface Sender {
  /** Null where the frame is gone. */
  readonly senderFrame: { readonly url: string; readonly parent: unknown } | null
  readonly sender: { readonly id: number }
}

/** The kind of the page that sent this; undefined where it is none of ours. `pages`: web contents id of each window. */
export function pageOfSender(sender: Sender, pages: ReadonlyMap<number, PageKind>): PageKind | undefined {
  const kind = pages.get(sender.sender.id)
  const { senderFrame } = sender
  const isOurs = kind !== undefined && senderFrame !== null && senderFrame.parent === null
  return isOurs && isPageAt(senderFrame.url, kind) ? kind : undefined
}

/** Opens a checked link in the person's browser. */
export function createLinkOpener(
  shell: Pick<ElectronApi['shell'], 'openExternal'>,
  logger: Logger,
): (url: string) => void {
  return (url) => {
    if (isExternalLink(url)) {
      shell.openExternal(url).catch(() => logger.log('warn', 'the link was not opened'))
    }
  }
}
