package dev.millrace.source;

import dev.millrace.source.WorldDefinition.Contract;
import dev.millrace.source.WorldLog.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The right stream, read off the chain block by block and log by log. A log belongs to the contract
 * at its address from the log that created it on, the first claim first and the configuration
 * before all; a log without a handler there belongs to the contracts that listen anywhere.
 */
final class StreamOracle {
  private final WorldDefinition definition;

  StreamOracle(WorldDefinition definition) {
    this.definition = definition;
  }

  /** Returns all events of a branch from a block on, one line each. */
  List<String> events(WorldBlock tip, long from) {
    Map<Integer, Contract> owners = new HashMap<>();
    for (Contract each : definition.contracts) {
      each.named().forEach(address -> owners.put(address, each));
    }
    List<String> events = new ArrayList<>();
    for (WorldBlock block : tip.since(from)) {
      for (int index = 0; index < block.logs.size(); index++) {
        WorldLog log = block.logs.get(index);
        Contract taker = taker(owners.get(log.at()), log.kind());
        if (taker == null || log.isBroken()) {
          continue;
        }
        if (taker.handled().contains(log.kind())) {
          events.add(line(block, index, taker.name(), log.event(), beside(block, index)));
        }
        for (Contract each : definition.contracts) {
          if (each.finding().contains(log.kind())) {
            owners.putIfAbsent(log.child(), each);
          }
        }
      }
    }
    return events;
  }

  private @Nullable Contract taker(@Nullable Contract owner, Kind kind) {
    if (owner != null && owner.declares(kind)) {
      return owner;
    }
    for (Contract each : definition.contracts) {
      if (each.anywhere() && each.declares(kind)) {
        return each;
      }
    }
    return null;
  }

  private String beside(WorldBlock block, int index) {
    return switch (definition.reads) {
      case NOTHING -> "";
      case TIME -> Long.toString(block.time);
      case TRANSACTION -> block.transaction(index).toString();
    };
  }

  static String line(WorldBlock block, int index, String contract, Object event, String beside) {
    return "%s-%d %s@%s %s %s"
        .formatted(block, index, contract, block.logs.get(index).contract(), event, beside);
  }
}
