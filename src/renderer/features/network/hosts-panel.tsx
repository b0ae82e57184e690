// biome-ignore-all lint/a11y/noRedundantRoles: narrow screens lay the rows out as cards, which takes a table's own roles away in some browsers.
import type { ReactNode } from 'react'
import { useMemo, useState } from 'react'
import type { NetworkHost } from '../../../ipc/snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { HostLine } from './host-line.tsx'
import type { Sort, SortKey } from './host-order.ts'
import { firstSort, nextSort, orderHosts, SORT_KEYS } from './host-order.ts'

const FEW_HOSTS = 25

const COLUMN_NAMES: Readonly<Record<SortKey, string>> = {
  name: 'Host',
  weight: 'Weight',
  reputation: 'Reputation',
  finds: 'Finds',
  verdict: 'Last race',
  faults: 'Faults',
  online: 'Heard',
}
const COLUMNS: readonly SortKey[] = ['name', 'weight', 'reputation', 'finds', 'verdict', 'faults', 'online']

interface HostsPanelProps {
  readonly hosts: readonly NetworkHost[]
  readonly total: number
  readonly epoch: number | undefined
}

/** Every host that the snapshot has, in a table that sorts. */
export function HostsPanel({ hosts, total, epoch }: HostsPanelProps): ReactNode {
  const [sort, setSort] = useState<Sort>(firstSort('weight'))
  const [showsAll, setShowsAll] = useState(false)
  const rows = useOrdered(hosts, sort, epoch)
  const shown = showsAll ? rows : rows.filter((host, index) => index < FEW_HOSTS || host.isSelf)
  const mostPpm = hosts.reduce((most, { weightPpm }) => Math.max(most, weightPpm), 0)
  return (
    <section className="panel" aria-labelledby="hosts-title">
      <div className="panel-head">
        <h2 id="hosts-title" className="panel-title">
          Hosts
        </h2>
        <span className="panel-aside number" data-testid="hosts-count">
          {formatCount(shown.length)} of {formatCount(total)}
        </span>
        <SortChoice sort={sort} onChange={setSort} />
      </div>
      {rows.length === 0 ? (
        <p className="empty">No host has registered yet.</p>
      ) : (
        <table className="net-hosts" role="table">
          <thead role="rowgroup">
            <tr role="row">
              {COLUMNS.map((key) => (
                <ColumnHead key={key} column={key} sort={sort} onSort={() => setSort(nextSort(sort, key))} />
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((host) => (
              <HostLine key={host.address} host={host} mostPpm={mostPpm} />
            ))}
          </tbody>
        </table>
      )}
      {rows.length > FEW_HOSTS && (
        <button
          type="button"
          className="button button-small net-more"
          aria-expanded={showsAll}
          onClick={() => setShowsAll(!showsAll)}
        >
          {showsAll ? 'Show fewer' : `Show all ${formatCount(rows.length)}`}
        </button>
      )}
      {total > rows.length && (
        <p className="panel-aside number net-cut">
          This screen is told of {formatCount(rows.length)} hosts; {formatCount(total - rows.length)} more are
          registered.
        </p>
      )}
    </section>
  )
}

/** The order is made when it is asked for, when hosts come or go, and with each epoch; in between only the figures change. */
function useOrdered(hosts: readonly NetworkHost[], sort: Sort, epoch: number | undefined): readonly NetworkHost[] {
  const members = hosts.map(({ address }) => address).join(' ')
  // biome-ignore lint/correctness/useExhaustiveDependencies: the hosts' figures change with every block and must not reorder them.
  const order = useMemo(() => orderHosts(hosts, sort), [members, sort, epoch])
  const known = new Map(hosts.map((host) => [host.address, host]))
  return order.flatMap((address) => known.get(address) ?? [])
}

interface ColumnHeadProps {
  readonly column: SortKey
  readonly sort: Sort
  readonly onSort: () => void
}

function ColumnHead({ column, sort, onSort }: ColumnHeadProps): ReactNode {
  const isSorted = sort.key === column
  const direction = sort.isDescending ? 'descending' : 'ascending'
  return (
    <th role="columnheader" scope="col" data-column={column} aria-sort={isSorted ? direction : 'none'}>
      <button type="button" className="net-sort" onClick={onSort}>
        {COLUMN_NAMES[column]}
        <span className="net-sort-mark" aria-hidden="true">
          {isSorted ? (sort.isDescending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  )
}

/** In place of the columns' heads where there is no room for them. */
function SortChoice({ sort, onChange }: { readonly sort: Sort; readonly onChange: (sort: Sort) => void }): ReactNode {
  return (
    <label className="net-sort-choice">
      Sort by{' '}
      <select value={sort.key} onChange={(event) => onChange(firstSort(keyOf(event.target.value)))}>
        {COLUMNS.map((key) => (
          <option key={key} value={key}>
            {COLUMN_NAMES[key].toLowerCase()}
          </option>
        ))}
      </select>
    </label>
  )
}

function keyOf(value: string): SortKey {
  return SORT_KEYS.find((key) => key === value) ?? 'weight'
}
