package dev.millrace.devnode;

import dev.millrace.devchain.BlockTeller;
import dev.millrace.devchain.Branch;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainHashes;
import dev.millrace.devchain.Tip;
import dev.millrace.loaders.Bytes32;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Answers the JSON-RPC methods of a node. Confined to the thread of a connection. A request is
 * refused before anything is written, or it is answered.
 */
final class RpcMethods {
  private final DevChain chain;
  private final Troubles troubles;
  private final BlockWriter writer;
  private final BlockTeller teller;
  private final long chainId;

  /** Writes the result of a request. */
  interface Answer {
    void write(JsonBytes out) throws IOException;
  }

  /** A block on a branch. */
  private record Spot(Branch branch, long number) {}

  RpcMethods(DevChain chain, Troubles troubles, JsonBytes out) {
    this.chain = chain;
    this.troubles = troubles;
    this.chainId = troubles.chainIdOr(DevChain.ID);
    this.writer = new BlockWriter(chain.settings(), chainId, out);
    this.teller = writer.teller();
  }

  Tip tip() {
    return troubles.seen(chain.tip());
  }

  BlockWriter writer() {
    return writer;
  }

  Answer answer(String method, Params params, LogAnswer.Loss loss) throws RpcRefusal {
    if (!troubles.knows(method)) {
      throw unknown(method);
    }
    try {
      return known(method, params, tip(), loss);
    } catch (IllegalArgumentException wrong) {
      throw new RpcRefusal(RpcRefusal.PARAMS, "invalid argument: " + wrong.getMessage());
    }
  }

  private Answer known(String method, Params params, Tip tip, LogAnswer.Loss loss)
      throws RpcRefusal {
    return switch (method) {
      case "eth_chainId" -> json -> json.quantity(chainId);
      case "net_version" -> json -> json.text("\"" + chainId + "\"");
      case "web3_clientVersion" -> json -> json.text("\"millrace-devchain/1\"");
      case "eth_syncing" -> json -> json.text("false");
      case "eth_blockNumber" -> json -> json.quantity(tip.head());
      case "eth_getBlockByNumber" -> block(at(params.text(0), tip), params.flag(1));
      case "eth_getBlockByHash" -> block(find(params.hash(0), tip).orElse(null), params.flag(1));
      case "eth_getLogs" -> logs(params.object(0), tip, loss);
      case "eth_getTransactionByHash" -> transaction(params.hash(0), tip, false);
      case "eth_getTransactionReceipt" -> transaction(params.hash(0), tip, true);
      case "eth_getBlockReceipts" -> receipts(params, tip);
      case "evm_mine" -> {
        chain.advance(params.values().isEmpty() ? 1 : params.number(0));
        yield json -> json.text("\"0x0\"");
      }
      case "dev_fork" -> {
        chain.fork(params.number(0), params.number(1));
        yield json -> json.quantity(chain.head());
      }
      default -> throw unknown(method);
    };
  }

  private static RpcRefusal unknown(String method) {
    return new RpcRefusal(
        RpcRefusal.METHOD, "the method %s does not exist/is not available".formatted(method));
  }

  private @Nullable Spot at(String name, Tip tip) throws RpcRefusal {
    long number = number(name, tip);
    return number > tip.head() || number < 0 ? null : new Spot(tip.branch(), number);
  }

  private long number(String name, Tip tip) throws RpcRefusal {
    return switch (name) {
      case "earliest" -> 0;
      case "latest", "pending" -> tip.head();
      case "finalized" -> tag(name, Math.min(chain.finalized(), tip.head()));
      case "safe" -> {
        long last = Math.min(chain.finalized(), tip.head());
        yield tag(name, last + (tip.head() - last) / 2);
      }
      default -> Params.quantity(name);
    };
  }

  private long tag(String name, long number) throws RpcRefusal {
    if (!troubles.knowsTags()) {
      throw new RpcRefusal(RpcRefusal.PARAMS, "invalid block tag: " + name);
    }
    return number;
  }

  /** Finds a block by hash: on the current branch, or on one that the chain has left. */
  private Optional<Spot> find(Bytes32 hash, Tip tip) {
    return teller
        .hashes()
        .blockPlace(hash)
        .filter(place -> place.number() >= 0)
        .flatMap(place -> {
          boolean counts =
              place.number() <= tip.head() && tip.branch().fork(place.number()) == place.fork();
          if (counts) {
            return Optional.of(new Spot(tip.branch(), place.number()));
          }
          return troubles.keepsReplaced()
              ? chain
                  .left(place.fork())
                  .filter(left -> place.number() <= left.head())
                  .map(left -> new Spot(left.branch(), place.number()))
              : Optional.empty();
        });
  }

  private Answer block(@Nullable Spot spot, boolean whole) {
    if (spot == null) {
      return json -> json.text("null");
    }
    return _ -> writer.block(spot.branch(), spot.number(), whole);
  }

  private Answer logs(Map<?, ?> filter, Tip tip, LogAnswer.Loss loss) throws RpcRefusal {
    LogAsk ask = LogAsk.of(filter);
    Object hash = filter.get("blockHash");
    if (hash != null) {
      if (filter.containsKey("fromBlock") || filter.containsKey("toBlock")) {
        throw new RpcRefusal(
            RpcRefusal.PARAMS,
            "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other");
      }
      Spot spot =
          find(Params.hash(Params.text(hash, "blockHash"), 0), tip)
              .orElseThrow(() -> new RpcRefusal(RpcRefusal.SERVER, "unknown block"));
      return new LogAnswer(writer, ask, spot.branch(), spot.number(), spot.number(), loss);
    }
    long from = bound(filter.get("fromBlock"), tip);
    long to = bound(filter.get("toBlock"), tip);
    if (from > to) {
      throw new RpcRefusal(RpcRefusal.PARAMS, "invalid block range params");
    }
    troubles.checkRange(from, to, tip.head());
    LogAnswer answer =
        new LogAnswer(
            writer,
            ask,
            tip.branch(),
            from,
            Math.min(to, tip.head()),
            new LogAnswer.Loss(troubles::drops, loss.all(), loss.last()));
    if (troubles.resultLimit() < Long.MAX_VALUE) {
      troubles.checkResults(answer.count(), from);
    }
    return answer;
  }

  private long bound(@Nullable Object given, Tip tip) throws RpcRefusal {
    return given == null ? tip.head() : number(Params.text(given, "block"), tip);
  }

  private Answer transaction(Bytes32 hash, Tip tip, boolean receipt) {
    DevChainHashes.TransactionPlace place = teller.hashes().transactionPlace(hash);
    long origin = place.origin();
    // A transaction is drawn with one block; a fork may contain it in the next one, or with its
    // pools later.
    for (long number : new long[] {origin, origin ^ 1, origin + 1, origin + 2}) {
      if (number > tip.head()) {
        continue;
      }
      Optional<DevTransaction> found =
          writer.transactions(tip.branch(), number).stream()
              .filter(each -> each.hash().equals(hash))
              .findFirst();
      if (found.isPresent()) {
        return _ -> {
          if (receipt) {
            writer.receipt(tip.branch(), number, found.get());
          } else {
            writer.transaction(tip.branch(), number, found.get());
          }
        };
      }
    }
    return json -> json.text("null");
  }

  private Answer receipts(Params params, Tip tip) throws RpcRefusal {
    String name = params.text(0);
    Spot spot = name.length() == 66 ? find(params.hash(0), tip).orElse(null) : at(name, tip);
    if (spot == null) {
      return json -> json.text("null");
    }
    troubles.checkRange(spot.number(), spot.number(), tip.head());
    List<DevTransaction> transactions = writer.transactions(spot.branch(), spot.number());
    return json -> {
      json.text("[");
      for (DevTransaction each : transactions) {
        json.text(each.index() == 0 ? "" : ",");
        writer.receipt(spot.branch(), spot.number(), each);
      }
      json.text("]");
    };
  }
}
