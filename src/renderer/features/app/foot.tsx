import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'

export function Foot({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <footer className="foot">
      <dl className="foot-list">
        <FootFact name="Your address" value={snapshot.ownerAddress} />
        <FootFact name="Chain RPC" value={snapshot.endpoints.rpc} />
        <FootFact name="Data" value={snapshot.dataFolder} />
        <FootFact name="Logs" value={snapshot.logFolder} />
      </dl>
      <p className="foot-version number">
        Tailrace {snapshot.version} · {snapshot.chain.chainId}
      </p>
    </footer>
  )
}

function FootFact({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setCopied(true)
      setTimeout(() => setCopied(false), 2_000)
    } catch {
      // Without permission the text is still there to select.
      setCopied(false)
    }
  }
  if (value === '') {
    return null
  }
  return (
    <div className="foot-fact">
      <dt>{name}</dt>
      <dd className="mono" title={value}>
        {value}
      </dd>
      <dd>
        <button
          type="button"
          className="foot-copy"
          aria-label={`Copy ${name.toLowerCase()}`}
          onClick={() => void copy()}
        >
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      </dd>
    </div>
  )
}
