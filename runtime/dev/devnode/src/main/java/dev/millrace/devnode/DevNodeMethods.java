package dev.millrace.devnode;

import dev.millrace.devchain.BlockGenerator;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainBranch;
import dev.millrace.devchain.DevChainHashes;
import dev.millrace.devchain.DevChainHead;
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
final class DevNodeMethods {
  private final DevChain chain;
  private final NodeFaults faults;
  private final BlockJsonWriter writer;
  private final BlockGenerator generator;
  private final long chainId;

  /** Writes the result of a request. */
  interface Answer {
    void write(JsonByteWriter out) throws IOException;
  }

  /** A block on a branch. */
  private record BlockPosition(DevChainBranch branch, long number) {}

  DevNodeMethods(DevChain chain, NodeFaults troubles, JsonByteWriter out) {
    this.chain = chain;
    this.faults = troubles;
    this.chainId = troubles.chainIdOr(DevChain.ID);
    this.writer = new BlockJsonWriter(chain.settings(), chainId, out);
    this.generator = writer.generator();
  }

  DevChainHead tip() {
    return faults.seen(chain.tip());
  }

  Answer answer(String method, JsonRpcParams params, DevLogResponse.Loss loss)
      throws JsonRpcException {
    if (!faults.knows(method)) {
      throw unknown(method);
    }
    try {
      return known(method, params, tip(), loss);
    } catch (IllegalArgumentException wrong) {
      throw new JsonRpcException(
          JsonRpcException.PARAMS, "invalid argument: " + wrong.getMessage());
    }
  }

  private Answer known(
      String method, JsonRpcParams params, DevChainHead tip, DevLogResponse.Loss loss)
      throws JsonRpcException {
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

  private static JsonRpcException unknown(String method) {
    return new JsonRpcException(
        JsonRpcException.METHOD, "the method %s does not exist/is not available".formatted(method));
  }

  private @Nullable BlockPosition at(String name, DevChainHead tip) throws JsonRpcException {
    long number = number(name, tip);
    return number > tip.head() || number < 0 ? null : new BlockPosition(tip.branch(), number);
  }

  private long number(String name, DevChainHead tip) throws JsonRpcException {
    return switch (name) {
      case "earliest" -> 0;
      case "latest", "pending" -> tip.head();
      case "finalized" -> tag(name, Math.min(chain.finalized(), tip.head()));
      case "safe" -> {
        long last = Math.min(chain.finalized(), tip.head());
        yield tag(name, last + (tip.head() - last) / 2);
      }
      default -> JsonRpcParams.quantity(name);
    };
  }

  private long tag(String name, long number) throws JsonRpcException {
    if (!faults.knowsTags()) {
      throw new JsonRpcException(JsonRpcException.PARAMS, "invalid block tag: " + name);
    }
    return number;
  }

  /** Finds a block by hash: on the current branch, or on one that the chain has left. */
  private Optional<BlockPosition> find(Bytes32 hash, DevChainHead tip) {
    return generator
        .hashes()
        .blockPlace(hash)
        .filter(place -> place.number() >= 0)
        .flatMap(place -> {
          boolean counts =
              place.number() <= tip.head() && tip.branch().fork(place.number()) == place.fork();
          if (counts) {
            return Optional.of(new BlockPosition(tip.branch(), place.number()));
          }
          return faults.keepsReplaced()
              ? chain
                  .left(place.fork())
                  .filter(left -> place.number() <= left.head())
                  .map(left -> new BlockPosition(left.branch(), place.number()))
              : Optional.empty();
        });
  }

  private Answer block(@Nullable BlockPosition spot, boolean whole) {
    if (spot == null) {
      return json -> json.text("null");
    }
    return _ -> writer.block(spot.branch(), spot.number(), whole);
  }

  private Answer logs(Map<?, ?> filter, DevChainHead tip, DevLogResponse.Loss loss)
      throws JsonRpcException {
    DevLogFilter ask = DevLogFilter.of(filter);
    Object hash = filter.get("blockHash");
    if (hash != null) {
      if (filter.containsKey("fromBlock") || filter.containsKey("toBlock")) {
        throw new JsonRpcException(
            JsonRpcException.PARAMS,
            "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other");
      }
      BlockPosition spot =
          find(JsonRpcParams.hash(JsonRpcParams.text(hash, "blockHash"), 0), tip)
              .orElseThrow(() -> new JsonRpcException(JsonRpcException.SERVER, "unknown block"));
      return new DevLogResponse(writer, ask, spot.branch(), spot.number(), spot.number(), loss);
    }
    long from = bound(filter.get("fromBlock"), tip);
    long to = bound(filter.get("toBlock"), tip);
    if (from > to) {
      throw new JsonRpcException(JsonRpcException.PARAMS, "invalid block range params");
    }
    faults.checkRange(from, to, tip.head());
    DevLogResponse answer =
        new DevLogResponse(
            writer,
            ask,
            tip.branch(),
            from,
            Math.min(to, tip.head()),
            new DevLogResponse.Loss(faults::drops, loss.all(), loss.last()));
    if (faults.resultLimit() < Long.MAX_VALUE) {
      faults.checkResults(answer.count(), from);
    }
    return answer;
  }

  private long bound(@Nullable Object given, DevChainHead tip) throws JsonRpcException {
    return given == null ? tip.head() : number(JsonRpcParams.text(given, "block"), tip);
  }

  private Answer transaction(Bytes32 hash, DevChainHead tip, boolean receipt) {
    DevChainHashes.TransactionPlace place = generator.hashes().transactionPlace(hash);
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

  private Answer receipts(JsonRpcParams params, DevChainHead tip) throws JsonRpcException {
    String name = params.text(0);
    BlockPosition spot =
        name.length() == 66 ? find(params.hash(0), tip).orElse(null) : at(name, tip);
    if (spot == null) {
      return json -> json.text("null");
    }
    faults.checkRange(spot.number(), spot.number(), tip.head());
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
