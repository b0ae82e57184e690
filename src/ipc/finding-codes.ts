/** What `doctor` looks at, with the fields that a sentence about it has. The verdict of a finding says how it went. */
export const FINDING_CODES = [
  /** [version, least] */
  'node_version',
  /** [folder, reason: `ok`, `absent` (made at the start), `not_writable`, `not_a_folder`] */
  'data_folder',
  /** Open to other users of this computer [folder, mode] */
  'data_private',
  /** [folder, freeBytes] */
  'disk_space',
  /** The lock that keeps a second instance out [pid, reason: `free`, `held`, `stale`] */
  'folder_lock',
  /** [file, reason: `ok`, `absent` or an error's code, field, allowed, variable] */
  'settings',
  /** Keys and wallet: readable, whole and private [folder, file, reason: `ok`, `absent`, `damaged`, `unreadable`, `open_to_others`] */
  'key_files',
  /** Ports of the next start [ports: those that another program has] */
  'ports_free',
  /** [availableBytes, totalBytes] */
  'memory',
  /** A browser with WebGPU [path, reason: `ok`, `absent`, `named_wrong`] */
  'browser',
  /** Graphics cards that the system lists [name, count] */
  'graphics',
  /** Digests of the model files [model, file, count, reason: `ok`, `damaged`, `absent`] */
  'model_files',
  /** Against the chain's block time [seconds, positive: ahead] */
  'clock',
  /** Whether an instance answers on this folder [folder] */
  'running',
  /** [url, height, reason: the connection's state] */
  'chain_reachable',
  /** [height, seconds since the last block] */
  'chain_moving',
  /** Other hosts that are connected [count] */
  'peers',
  /** The local gateway [state] */
  'gateway',
  /** A page lends its GPU */
  'page_open',
  /** Known answers of the race [backend, adapter, stage] */
  'device_exact',
  /** What races is a GPU [backend, reason, adapter] */
  'device_fast',
  'joined',
  /** On the chain [height] */
  'registered',
  /** Weight in force, and why there is none [weightPpm, reason: the race's verdict, nextRaceBlocks] */
  'weight',
  /** [faults, code] */
  'faults',
  /** The owner key [address] */
  'wallet_open',
  /** [isStarter] */
  'wallet_backup',
  /** [blocks until it expires] */
  'device_key',
  /** Models that are served [model, state, reason] */
  'models_served',
  /** One that stands in the snapshot right now [trouble: its code] */
  'trouble',
] as const
export type FindingCode = (typeof FINDING_CODES)[number]
