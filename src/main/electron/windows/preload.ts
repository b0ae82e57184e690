/**
 * The only code between page and main: it lets the page ask for a port to the core, and hands the port on when it comes. Built as one
 * CommonJS file (vite.config.preload.ts), because a sandboxed preload is nothing else.
 */
import { contextBridge, ipcRenderer } from 'electron'
import { BRIDGE_NAME, CONNECT_CHANNEL, PORT_CHANNEL } from './page-channel.ts'

/** The part of the page's `window` that is used; this folder has no DOM types. */
interface PageWindow {
  readonly location: { readonly origin: string }
  postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void
}

const page = globalThis as unknown as PageWindow

ipcRenderer.on(PORT_CHANNEL, ({ ports }) => page.postMessage(PORT_CHANNEL, page.location.origin, [...ports]))

contextBridge.exposeInMainWorld(BRIDGE_NAME, { connect: () => ipcRenderer.send(CONNECT_CHANNEL) })
