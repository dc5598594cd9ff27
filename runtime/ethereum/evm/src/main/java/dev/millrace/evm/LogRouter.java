package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceEvent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Converts the logs of one chain to events of the pipeline. Confined to the routing thread, except
 * where a method says otherwise.
 *
 * <p>A log belongs to the contract at its address, if it comes after the log that created this
 * contract, else to a contract that listens anywhere. An address belongs to the first contract that
 * claims it in stream order, and the configuration comes before every log. So logs are routed in
 * stream order; where some logs arrive too late, {@link #returnTo} takes the router back to the
 * first of these.
 *
 * <p>A log that does not decode is passed over and counted, or ends the lane, as the request says.
 * Anyone can write a log that only looks like ours, so a log matched by listening anywhere never
 * ends a lane.
 */
public final class LogRouter {
  private static final Logger LOG = LoggerFactory.getLogger(LogRouter.class);

  private final SourceRequest request;
  private final LazyChainFields lazy;
  private final Map<String, ContractRoutes> contracts = new HashMap<>();
  private final List<ContractRoutes> inOrder = new ArrayList<>();
  private final List<ContractRoutes> anywhere = new ArrayList<>();
  private final Map<Address, ContractBinding> followed = new HashMap<>();
  private final List<String> mistakes = new ArrayList<>();
  private volatile long undecoded;
  private volatile @Nullable String firstUndecoded;
  private List<Source.DiscoveredContract> found = new ArrayList<>();
  private List<EventId> passedOver = new ArrayList<>();
  private long addressConflicts;

  /** A contract at one address. It takes only logs after the log that created it. */
  private record ContractBinding(ContractRoutes contract, long after) {
    static final long FROM_START = -1;
  }

  private LogRouter(SourceRequest request, BlockDataSource facts) {
    this.request = request;
    this.lazy = new LazyChainFields(facts);
  }

  /**
   * Creates the router of one feed.
   *
   * @param found the contracts that the stream has created before it
   * @throws MillraceException if the contracts of the request do not fit its definition
   */
  public static LogRouter of(
      SourceRequest request, BlockDataSource facts, List<Source.DiscoveredContract> found) {
    LogRouter router = new LogRouter(request, facts);
    for (ContractDefinition contract : request.indexer().definitions()) {
      router.add(contract);
    }
    router.check();
    for (Source.DiscoveredContract each : found) {
      ContractRoutes contract = router.contracts.get(each.contract());
      if (contract != null && contract.isFound()) {
        router.follow(contract, each);
      }
    }
    router.found.clear(); // the caller knows these already
    if (!router.mistakes.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "contracts of a chain are wrong: chain=%d\n  - %s"
              .formatted(request.chain(), String.join("\n  - ", router.mistakes)));
    }
    return router;
  }

  /** Creates a router for complete blocks without discovered contracts. */
  public static LogRouter of(
      EvmIndexer indexer, long chain, Map<String, ? extends Collection<Address>> contracts) {
    Map<String, List<Address>> addresses = new HashMap<>();
    contracts.forEach((name, each) -> addresses.put(name, List.copyOf(each)));
    return of(
        new SourceRequest(
            indexer, chain, List.of(), 0, new StopAt.Never(), Finality.AT_ONCE, addresses),
        BlockDataSource.NONE,
        List.of());
  }

  private void add(ContractDefinition definition) {
    ContractRoutes contract =
        new ContractRoutes(
            definition, definition.events().stream().map(event -> handler(definition, event)));
    contracts.put(definition.name(), contract);
    inOrder.add(contract);
    if (contract.isAnywhere()) {
      anywhere.add(contract);
      return;
    }
    for (Address address : request.contracts().getOrDefault(definition.name(), List.of())) {
      ContractBinding before =
          followed.putIfAbsent(address, new ContractBinding(contract, ContractBinding.FROM_START));
      if (before == null) {
        contract.add(address);
      } else {
        mistakes.add(
            "two contracts claim one address: key=chains.contracts.address value=%s contracts=%s, %s"
                .formatted(address, before.contract().name(), contract.name()));
      }
    }
    if (!contract.hasAddress() && !contract.isFound()) {
      mistakes.add("contract has no address: name=" + definition.name());
    }
  }

  private <E> LogHandler<E> handler(ContractDefinition contract, EventDefinition<E> event) {
    List<ContractDiscovery<?>> finders = new ArrayList<>();
    for (ContractDefinition each : request.indexer().definitions()) {
      each.finders().stream()
          .filter(finder -> finder.event() == event.type())
          .forEach(finders::add);
    }
    return new LogHandler<>(contract.name(), event, finders, lazy, request.chain());
  }

  private void check() {
    for (String name : request.contracts().keySet()) {
      ContractRoutes contract = contracts.get(name);
      if (contract == null || contract.isAnywhere()) {
        mistakes.add(
            "contract is not defined, or listens anywhere: name=%s known=%s"
                .formatted(name, request.indexer().contracts()));
      }
    }
    List<LogHandlerRoute> routes = new ArrayList<>();
    anywhere.forEach(contract -> routes.addAll(contract.routes()));
    for (int i = 0; i < routes.size(); i++) {
      for (LogHandlerRoute other : routes.subList(i + 1, routes.size())) {
        if (routes.get(i).overlaps(other)) {
          mistakes.add(
              "two handlers take one log: contract=anywhere handlers=%s, %s"
                  .formatted(routes.get(i).handler().name(), other.handler().name()));
        }
      }
    }
  }

  /** True if a log of this contract that begins with this topic may have a handler. */
  public boolean accepts(Address contract, Bytes32 topic) {
    return filters().stream()
        .anyMatch(filter ->
            (filter.addresses().isEmpty() || filter.addresses().contains(contract))
                && (filter.topics().isEmpty() || filter.topics().contains(topic)));
  }

  /**
   * The filters to request now: one per contract that listens anywhere or has an address, in the
   * order of the definition. Addresses of discovered contracts are included.
   */
  public List<LogFilter> filters() {
    return inOrder.stream()
        .filter(contract -> contract.isAnywhere() || contract.hasAddress())
        .map(ContractRoutes::filter)
        .toList();
  }

  /** The contracts discovered since the last {@link #takeFound}, in stream order; read-only. */
  public List<Source.DiscoveredContract> found() {
    return Collections.unmodifiableList(found);
  }

  /** True if an event of these contracts creates further contracts. */
  public boolean createsOthers(Collection<Source.DiscoveredContract> contractsFound) {
    return contractsFound.stream()
        .map(each -> Objects.requireNonNull(contracts.get(each.contract())))
        .anyMatch(ContractRoutes::createsOthers);
  }

  /**
   * Undoes the effects of all logs from a position on since the last {@link #takeFound}: contracts
   * that were discovered, and logs that did not decode. The caller routes these logs again.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
  public void returnTo(EventId place) {
    while (!found.isEmpty() && found.getLast().at().compareTo(place) >= 0) {
      ContractBinding taken = followed.remove(found.removeLast().address());
      Objects.requireNonNull(taken).contract().removeLast();
    }
    long before = passedOver.size();
    passedOver.removeIf(each -> each.compareTo(place) >= 0);
    undecoded -= before - passedOver.size();
    if (undecoded == 0) {
      firstUndecoded = null;
    }
  }

  /** Takes the contracts discovered since the last call; {@link #returnTo} keeps these. */
  public List<Source.DiscoveredContract> takeFound() {
    if (!passedOver.isEmpty()) {
      passedOver = new ArrayList<>();
    }
    if (found.isEmpty()) {
      return List.of();
    }
    List<Source.DiscoveredContract> taken = found;
    found = new ArrayList<>();
    return taken;
  }

  /** The fields that handlers have read so far. Any thread may call this. */
  public RequestedFields fields() {
    return lazy.fields();
  }

  /** The number of logs that did not decode. Any thread may call this. */
  public long undecoded() {
    return undecoded;
  }

  /** The first log that did not decode: its position and the reason. Any thread may call this. */
  public Optional<String> firstUndecoded() {
    return Optional.ofNullable(firstUndecoded);
  }

  /**
   * Returns the event of a log for its handler; null if the log has none. Logs come in stream
   * order, and a contract that a log has created is followed from the next log on.
   */
  public @Nullable SourceEvent route(Log log) {
    ContractBinding here = followed.get(log.contract());
    if (here != null && (here.after() == ContractBinding.FROM_START || here.after() < place(log))) {
      LogHandler<?> handler = here.contract().find(log);
      if (handler != null) {
        return event(handler, log, request.reading().undecodable());
      }
    }
    for (int i = 0; i < anywhere.size(); i++) {
      LogHandler<?> handler = anywhere.get(i).find(log);
      if (handler != null) {
        return event(handler, log, Undecodable.SKIP);
      }
    }
    return null;
  }

  /** The value of the event's id, without allocating the id. */
  private static long place(Log log) {
    return (log.block().number() << EventId.LOG_INDEX_BITS) | log.logIndex();
  }

  private @Nullable SourceEvent event(LogHandler<?> handler, Log log, Undecodable undecodable) {
    Object decoded;
    try {
      decoded = handler.decode(log);
    } catch (MillraceException wrong) {
      passOver(log, wrong, undecodable);
      return null;
    }
    for (ContractDiscovery<?> finder : handler.finders()) {
      try {
        Address address = finder.find(decoded);
        follow(
            Objects.requireNonNull(contracts.get(finder.contract())),
            new Source.DiscoveredContract(
                finder.contract(), address, EventId.of(log.block().number(), log.logIndex())));
      } catch (IllegalArgumentException wrong) {
        passOver(log, handler.undecodable(log, wrong), undecodable);
      }
    }
    return handler.isHandled() ? handler.event(log, decoded) : null;
  }

  /** Claims an address. The first claim counts, and the configuration comes first. */
  private void follow(ContractRoutes contract, Source.DiscoveredContract child) {
    ContractBinding before =
        followed.putIfAbsent(child.address(), new ContractBinding(contract, child.at().value()));
    if (before == null) {
      contract.add(child.address());
      found.add(child);
    } else if (!before.contract().name().equals(contract.name()) && addressConflicts++ == 0) {
      LOG.warn(
          "contract is found where another one is followed already, which stays: chain={} at={}"
              + " address={} contract={} stays={}; others like it are not reported",
          request.chain(),
          child.at(),
          child.address(),
          contract.name(),
          before.contract().name());
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
  private void passOver(Log log, MillraceException wrong, Undecodable undecodable) {
    if (undecodable == Undecodable.STOP) {
      throw wrong;
    }
    passedOver.add(EventId.of(log.block().number(), log.logIndex()));
    if (undecoded++ == 0) {
      firstUndecoded = wrong.getMessage();
      LOG.warn("{}; passed over, and so will be others like it", wrong.getMessage());
    }
  }
}
