package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.RequestedFields;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.rpc.LogColumns;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns fetched blocks into events, in order, and follows the contracts that they create.
 *
 * <p>A range that was fetched before a contract was discovered lacks the logs of that contract.
 * They are asked for when the range is decoded: for all missing contracts at once, and for their
 * logs alone.
 *
 * <p>The result of a range does not depend on the number of its blocks: it equals routing log by
 * log, with all logs of a contract present from the log on that creates it. The logs at hand are
 * routed in order. For the contracts discovered on the way, the logs that are not at hand are asked
 * for; the router then returns to the first of these and goes on with all logs. At the end of a
 * pass everything before the first contract that had not been asked for is final, so there are
 * about as many passes as generations. Where no new log can create a contract, the new logs alone
 * are routed: nothing that was routed before depends on them.
 *
 * <p>Confined to the thread that reads the feed, except where a method says otherwise.
 */
final class ChainEventDecoder {
  private static final Comparator<SourceEvent> IN_ORDER = Comparator.comparing(SourceEvent::id);

  private final LogRouter router;
  private final int maxAddresses;
  private final List<Address> children = new ArrayList<>();
  private LogQueryPlan plan;
  private final Map<Long, SourceBlock> blocks = new HashMap<>();
  private List<SourceEvent> events = new ArrayList<>();
  private List<Source.DiscoveredContract> found = new ArrayList<>();

  /** An address and its contract, which decides what is asked of it. */
  private record Claim(String contract, Address address) {}

  ChainEventDecoder(ChainSource source, List<Source.DiscoveredContract> known) {
    this.router = LogRouter.of(source.request(), source.blockData(), known);
    this.maxAddresses = source.maxAddresses();
    this.plan = LogQueryPlan.of(router.filters(), 0, maxAddresses);
  }

  /** Returns the plan for requests from now on. */
  LogQueryPlan plan() {
    return plan;
  }

  /** Returns the fields that handlers have been seen to read. Any thread. */
  RequestedFields fields() {
    return router.fields();
  }

  LogRouter router() {
    return router;
  }

  /**
   * Decodes the logs of a range: one piece up to each block whose header is there. A range that
   * fails leaves nothing behind and can be decoded again.
   */
  List<DecodedBlocks> decode(FetchedRange range) throws InterruptedException {
    try {
      return decodeAll(range);
    } catch (MillraceException failed) {
      router.returnTo(EventId.of(range.from(), 0));
      throw failed;
    }
  }

  private List<DecodedBlocks> decodeAll(FetchedRange range) throws InterruptedException {
    blocks.clear();
    events = new ArrayList<>();
    LogColumns logs = range.logs();
    if (range.plan().known() < children.size()) {
      List<Address> missing = children.subList(range.plan().known(), children.size());
      logs = merged(range, logs, ask(range, missing, logs));
    }
    MillraceException failed = route(range, logs, 0);
    Set<Claim> asked = new HashSet<>();
    for (List<Source.DiscoveredContract> born = unasked(asked);
        !born.isEmpty();
        born = unasked(asked)) {
      LogColumns more =
          ask(range, born.stream().map(Source.DiscoveredContract::address).toList(), logs);
      if (more.isEmpty()) {
        continue; // the logs were at hand already
      }
      if (failed == null && !router.createsOthers(born) && isApart(logs, more)) {
        failed = route(range, more, 0);
        events.sort(IN_ORDER);
      } else {
        EventId first = EventId.of(more.blockNumber(0), more.logIndex(0));
        logs = merged(range, logs, more);
        router.returnTo(first);
        while (!events.isEmpty() && events.getLast().id().compareTo(first) >= 0) {
          events.removeLast();
        }
        failed = route(range, logs, first.value());
      }
    }
    if (failed != null) {
      throw failed;
    }
    found = router.takeFound();
    if (!found.isEmpty()) {
      found.forEach(child -> children.add(child.address()));
      plan = LogQueryPlan.of(router.filters(), children.size(), maxAddresses);
    }
    return pieces(range);
  }

  /**
   * Returns the contracts discovered in this range that have not been asked for, and marks them.
   */
  private List<Source.DiscoveredContract> unasked(Set<Claim> asked) {
    List<Source.DiscoveredContract> all = router.found();
    return all.isEmpty()
        ? List.of()
        : all.stream()
            .filter(child -> asked.add(new Claim(child.contract(), child.address())))
            .toList();
  }

  /** Fetches the logs of contracts, as far as they are not at hand. */
  private LogColumns ask(FetchedRange range, List<Address> addresses, LogColumns atHand)
      throws InterruptedException {
    Set<Address> asked = Set.copyOf(addresses);
    Set<Bytes32> topics = new LinkedHashSet<>();
    boolean any = false;
    for (LogFilter filter : router.filters()) {
      if (filter.addresses().stream().anyMatch(asked::contains)) {
        topics.addAll(filter.topics());
        any |= filter.topics().isEmpty();
      }
    }
    if (any) {
      topics.clear();
    }
    LogQueryPlan plan = range.plan();
    List<Bytes32> heard =
        topics.stream().filter(topic -> plan.anyQueryCoversAllAddresses(List.of(topic))).toList();
    topics.removeAll(heard);
    boolean isHeard = any ? plan.anyQueryCoversAllAddresses(List.of()) : topics.isEmpty();
    List<LogColumns> pages = new ArrayList<>();
    if (isHeard || !heard.isEmpty()) {
      for (LogFilter chunk : LogQueryPlan.inChunks(addresses, heard)) {
        pages.add(range.refetch().missing(chunk, atHand));
      }
    }
    if (!isHeard) {
      for (LogFilter chunk : LogQueryPlan.inChunks(addresses, topics)) {
        pages.add(range.refetch().ask(chunk));
      }
    }
    return LogColumns.merged(pages);
  }

  private static LogColumns merged(FetchedRange range, LogColumns logs, LogColumns more) {
    LogColumns all = LogColumns.merged(List.of(logs, more));
    int clash = all.firstClash();
    if (clash >= 0) {
      throw range
          .refetch()
          .refused(
              "answers have two logs of one index: block=%d logIndex=%d"
                  .formatted(all.blockNumber(clash), all.logIndex(clash)));
    }
    return all;
  }

  /** True if none of the logs is at hand already. */
  private static boolean isApart(LogColumns logs, LogColumns more) {
    int at = 0;
    for (int log = 0; log < more.size(); log++) {
      long block = more.blockNumber(log);
      int index = more.logIndex(log);
      while (at < logs.size()
          && (logs.blockNumber(at) < block
              || (logs.blockNumber(at) == block && logs.logIndex(at) < index))) {
        at++;
      }
      if (at < logs.size() && logs.blockNumber(at) == block && logs.logIndex(at) == index) {
        return false;
      }
    }
    return true;
  }

  /**
   * Routes logs from a position on.
   *
   * @return the reason why the lane has to stop at a log; the logs behind it have not been routed
   *     then, and logs that are not at hand yet may show that it belongs to another contract
   */
  private @Nullable MillraceException route(FetchedRange range, LogColumns logs, long from) {
    LogColumns.Cursor cursor = logs.cursor();
    SourceBlock block = null;
    while (cursor.next()) {
      long number = cursor.blockNumber();
      if (number > range.lastBlock()) {
        return null;
      }
      if (from > 0 && EventId.of(number, logs.logIndex(cursor.index())).value() < from) {
        continue;
      }
      if (block == null || cursor.startsBlock()) {
        block = block(range, number, cursor.blockHash(), logs.blockTime(cursor.index()));
      }
      try {
        SourceEvent event = router.route(cursor.log(block));
        if (event != null) {
          events.add(event);
        }
      } catch (MillraceException wrong) {
        return wrong;
      }
    }
    return null;
  }

  /** Returns the one object for a block that all its events share. */
  private SourceBlock block(FetchedRange range, long number, Bytes32 hash, long time) {
    SourceBlock block = blocks.get(number);
    if (block == null) {
      BlockHeader header = range.headers().get(number);
      block =
          header != null
              ? header.block()
              : new SourceBlock(number, hash, null, LogSelection.time(time));
      blocks.put(number, block);
    }
    if (!block.hash().equals(hash)) {
      throw new MillraceException(
          Remedy.RESTART,
          "endpoints tell different blocks: block=%d hash=%s log=%s"
              .formatted(number, block.hash(), hash));
    }
    return block;
  }

  private List<DecodedBlocks> pieces(FetchedRange range) {
    List<DecodedBlocks> pieces = new ArrayList<>();
    int event = 0;
    int contract = 0;
    for (BlockHeader header : range.headers().values()) {
      long number = header.number();
      int toEvent = event;
      while (toEvent < events.size() && events.get(toEvent).block().number() <= number) {
        toEvent++;
      }
      int toContract = contract;
      while (toContract < found.size() && found.get(toContract).at().block() <= number) {
        toContract++;
      }
      SourceBlock known = blocks.get(number);
      pieces.add(
          new DecodedBlocks(
              events.subList(event, toEvent),
              found.subList(contract, toContract),
              known == null ? header.block() : known));
      event = toEvent;
      contract = toContract;
    }
    return pieces;
  }
}
