import type { ReactNode } from 'react'
import { useMemo } from 'react'
import { formatCount, shortAddress } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'
import { formatDay } from './days.ts'
import type { EarningsHistory } from './earnings-history.ts'
import { byDevice, netOf } from './earnings-sums.ts'
import { SignedTail } from './signed-tail.tsx'

interface ByDevicePanelProps {
  readonly history: EarningsHistory | undefined
  /** Device address of this computer. */
  readonly ownDevice: string
}

/** On which machine, where an owner had more than one. */
export function ByDevicePanel({ history, ownDevice }: ByDevicePanelProps): ReactNode {
  const devices = useMemo(() => byDevice(history?.epochs ?? []), [history])
  return (
    <section className="panel" aria-labelledby="by-device-title">
      <div className="panel-head">
        <h2 id="by-device-title" className="panel-title">
          On which machine
        </h2>
      </div>
      {devices.length === 0 ? (
        <p className="empty">A machine stands here once its first epoch has begun.</p>
      ) : (
        <ul className="machines">
          {devices.map((device) => (
            <li key={device.address} className="machine" data-testid="machine">
              <span className="machine-name">{device.name === '' ? 'Unnamed' : device.name}</span>
              <span className="machine-amount number">
                <a href={fragmentOf('why')}>
                  <SignedTail utail={netOf(device.sums)} />
                </a>
              </span>
              <span className="machine-address mono" title={device.address}>
                {shortAddress(device.address)}
              </span>
              <span className="machine-epochs number">
                {device.address === ownDevice && <span className="tag">this one</span>} {formatCount(device.epochs)}{' '}
                {device.epochs === 1 ? 'epoch' : 'epochs'}, last {formatDay(device.lastMs)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
