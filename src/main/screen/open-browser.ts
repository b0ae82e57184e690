/** Opens a link in the system's browser: the Chromium family where one is known (WebGPU), else what the system opens links with. */
import { spawn } from 'node:child_process'

/** Whether a program took the link; false where there is none, and the person opens it by hand. */
export function openBrowser(url: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<boolean> {
  const [command, args] = browserCommand(url, env, platform)
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

function browserCommand(url: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): [string, string[]] {
  const known = env.TAILRACE_BROWSER
  if (known !== undefined && known !== '') {
    return [known, [`--app=${url}`]]
  }
  if (platform === 'darwin') {
    return ['open', [url]]
  }
  return platform === 'win32' ? ['explorer.exe', [url]] : ['xdg-open', [url]]
}
