package dev.millrace.devchain;

import dev.millrace.evm.Log;
import dev.millrace.pipeline.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What happens in the blocks of a dev chain: transfers first, then names. Used by one thread. */
final class DevChainLogs {
  private final DevChainTransfers transfers;
  private final DevChainNames names;

  private DevChainLogs(DevChainSettings settings) {
    transfers = new DevChainTransfers(settings);
    names = new DevChainNames(settings);
  }

  static DevChainLogs of(DevChainSettings settings) {
    return new DevChainLogs(settings);
  }

  void tellTransfers(Block block, Consumer<Log> logs) {
    transfers.tell(block, logs);
  }

  void tellNames(Block block, Consumer<Log> logs) {
    int count = transfers.count(block.number());
    names.tell(block, count, count, logs);
  }

  /** How many transfers there are from one block up to and with another. */
  long transfers(long from, long to) {
    return to < from ? 0 : transfers.before(to + 1) - transfers.before(from);
  }

  /** All logs of a block; a transfer's words are shared while it is told, so each is copied. */
  List<Log> list(Block block) {
    List<Log> list = new ArrayList<>();
    Consumer<Log> keep = log -> list.add(copy(log));
    tellTransfers(block, keep);
    tellNames(block, keep);
    return list;
  }

  private static Log copy(Log log) {
    int heads = log.topics() * 32;
    byte[] words = new byte[heads + log.data().length()];
    for (int topic = 0; topic < log.topics(); topic++) {
      log.topic(topic).write(words, topic * 32);
    }
    log.data().write(words, heads);
    return new Log(
        log.block(),
        log.logIndex(),
        log.transaction(),
        log.contract(),
        log.topics(),
        words,
        words.length);
  }
}
