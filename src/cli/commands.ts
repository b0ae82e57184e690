/** Every command of `tailrace`, in the order of the help. */
import type { Command } from './command.ts'
import { CHAT_COMMAND } from './developer/chat.ts'
import { KEY_CREATE_COMMAND } from './developer/key.ts'
import { RECEIPT_LIST_COMMAND, RECEIPT_SHOW_COMMAND, RECEIPT_VERIFY_COMMAND } from './developer/receipt.ts'
import { BENCH_COMMAND, DEVICE_CHECK_COMMAND, DEVICE_COMMAND } from './machine/device.ts'
import { DOCTOR_COMMAND } from './machine/doctor.ts'
import { LOGS_COMMAND } from './machine/logs.ts'
import { MODELS_LIST_COMMAND, MODELS_VERIFY_COMMAND } from './machine/models.ts'
import { SETTINGS_GET_COMMAND, SETTINGS_RESET_COMMAND, SETTINGS_SET_COMMAND } from './machine/settings.ts'
import { NODE_APP_COMMAND } from './node/app.ts'
import { NODE_EXPORT_COMMAND } from './node/export.ts'
import { NODE_INIT_COMMAND } from './node/init.ts'
import { NODE_REGISTER_COMMAND } from './node/register.ts'
import { NODE_SNAPSHOT_COMMAND } from './node/snapshot.ts'
import { NODE_START_COMMAND } from './node/start.ts'
import { NODE_STATUS_COMMAND } from './node/status.ts'
import { NODE_UPGRADE_COMMAND } from './node/upgrade.ts'
import { GATEWAY_COMMAND } from './processes/gateway.ts'
import { HOST_COMMAND } from './processes/host.ts'
import { NETWORK_DOWN_COMMAND, NETWORK_UP_COMMAND } from './processes/network-up.ts'
import { NODE_COMMAND } from './processes/node.ts'
import { START_COMMAND } from './processes/start.ts'
import { EARNINGS_COMMAND, LEDGER_COMMAND } from './running/earnings.ts'
import { OPEN_COMMAND, STOP_COMMAND } from './running/instance.ts'
import { FINISH_COMMAND, JOIN_COMMAND, LEAVE_COMMAND } from './running/membership.ts'
import {
  NETWORK_COMMAND,
  NETWORK_EPOCH_COMMAND,
  NETWORK_HOSTS_COMMAND,
  NETWORK_PRICE_COMMAND,
} from './running/network.ts'
import { STATUS_COMMAND } from './running/status.ts'
import { WALLET_COMMANDS } from './wallet/commands.ts'

export const COMMANDS: readonly Command[] = [
  START_COMMAND,
  STOP_COMMAND,
  OPEN_COMMAND,
  STATUS_COMMAND,
  JOIN_COMMAND,
  FINISH_COMMAND,
  LEAVE_COMMAND,
  EARNINGS_COMMAND,
  LEDGER_COMMAND,
  NETWORK_COMMAND,
  NETWORK_HOSTS_COMMAND,
  NETWORK_EPOCH_COMMAND,
  NETWORK_PRICE_COMMAND,
  ...WALLET_COMMANDS,
  DOCTOR_COMMAND,
  DEVICE_COMMAND,
  DEVICE_CHECK_COMMAND,
  BENCH_COMMAND,
  MODELS_LIST_COMMAND,
  MODELS_VERIFY_COMMAND,
  SETTINGS_GET_COMMAND,
  SETTINGS_SET_COMMAND,
  SETTINGS_RESET_COMMAND,
  LOGS_COMMAND,
  CHAT_COMMAND,
  RECEIPT_LIST_COMMAND,
  RECEIPT_SHOW_COMMAND,
  RECEIPT_VERIFY_COMMAND,
  KEY_CREATE_COMMAND,
  NODE_COMMAND,
  NODE_INIT_COMMAND,
  NODE_START_COMMAND,
  NODE_STATUS_COMMAND,
  NODE_REGISTER_COMMAND,
  NODE_UPGRADE_COMMAND,
  NODE_SNAPSHOT_COMMAND,
  NODE_EXPORT_COMMAND,
  NODE_APP_COMMAND,
  NETWORK_UP_COMMAND,
  NETWORK_DOWN_COMMAND,
  HOST_COMMAND,
  GATEWAY_COMMAND,
]
