/** The two names that preload and main share; what travels beside them is a message port, and nothing else. */

/** From a page: give me a port to the core. */
export const CONNECT_CHANNEL = 'tailrace:connect'
/** To a page: here it is. Also the name of the message with which preload hands it on. */
export const PORT_CHANNEL = 'tailrace:port'
/** What preload exposes in the page's world. */
export const BRIDGE_NAME = 'tailraceDesktop'
