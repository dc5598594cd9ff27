package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.LogsBloom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Queries that bring every wanted log. They may bring more: the router drops unwanted logs.
 *
 * @param queries the queries; each is asked of every range
 * @param filters the wanted logs
 * @param known the number of contracts discovered before the plan was made
 */
record LogQueryPlan(List<LogFilter> queries, List<LogFilter> filters, int known) {
  /**
   * Limit of listed addresses: a longer list costs a node more than the logs of all other contracts
   * cost us.
   */
  static final int MAX_ADDRESSES = 1_000;

  /** Addresses per query. */
  static final int CHUNK = 250;

  LogQueryPlan {
    queries = List.copyOf(queries);
    filters = List.copyOf(filters);
  }

  /**
   * Plans a single query if possible: its logs are those of any of the addresses with any of the
   * topics. Contracts seldom write each other's events, so this brings hardly more.
   *
   * @param maxAddresses number of contracts above which logs are asked for at all addresses
   */
  static LogQueryPlan of(Collection<LogFilter> filters, int known, int maxAddresses) {
    Set<Bytes32> everywhere = new LinkedHashSet<>();
    Set<Address> emitters = new LinkedHashSet<>(); // contracts of which any log is wanted
    Set<Address> addresses = new LinkedHashSet<>();
    Set<Bytes32> topics = new LinkedHashSet<>();
    boolean everything = false;
    for (LogFilter filter : filters) {
      if (filter.addresses().isEmpty()) {
        everywhere.addAll(filter.topics());
        everything |= filter.topics().isEmpty();
      } else if (filter.topics().isEmpty()) {
        emitters.addAll(filter.addresses());
      } else {
        addresses.addAll(filter.addresses());
        topics.addAll(filter.topics());
      }
    }
    if (addresses.size() > maxAddresses) {
      everywhere.addAll(topics);
    }
    everything |= emitters.size() > maxAddresses;
    List<LogFilter> queries = new ArrayList<>();
    if (everything) {
      queries.add(new LogFilter(List.of(), List.of()));
    } else {
      if (!everywhere.isEmpty()) {
        queries.add(new LogFilter(List.of(), List.copyOf(everywhere)));
      }
      if (!everywhere.containsAll(topics)) {
        queries.addAll(inChunks(addresses, topics));
      }
      queries.addAll(inChunks(emitters, Set.of()));
    }
    return new LogQueryPlan(queries, List.copyOf(filters), known);
  }

  /** Plans one filter, asked for as it is. */
  static LogQueryPlan of(LogFilter filter) {
    return new LogQueryPlan(List.of(filter), List.of(filter), 0);
  }

  /**
   * Returns the queries to repeat if logs of some filters seem to be missing. A query for all
   * addresses stays one: it also serves contracts that no filter knows yet.
   */
  List<LogFilter> again(Collection<LogFilter> silent) {
    Set<LogFilter> again = new LinkedHashSet<>();
    for (LogFilter filter : silent) {
      again.add(
          queries.stream()
              .filter(query -> coversAllAddresses(query, filter.topics()))
              .findFirst()
              .orElse(filter));
    }
    return List.copyOf(again);
  }

  /** Splits a query into queries of at most {@link #CHUNK} addresses. */
  static List<LogFilter> inChunks(Collection<Address> addresses, Collection<Bytes32> topics) {
    List<Address> all = List.copyOf(addresses);
    List<LogFilter> chunks = new ArrayList<>();
    for (int at = 0; at < all.size(); at += CHUNK) {
      List<Address> chunk = all.subList(at, Math.min(all.size(), at + CHUNK));
      chunks.add(new LogFilter(chunk, List.copyOf(topics)));
    }
    return chunks;
  }

  /** True if the plan brings the logs of all addresses with these topics. */
  boolean anyQueryCoversAllAddresses(Collection<Bytes32> topics) {
    return queries.stream().anyMatch(query -> coversAllAddresses(query, topics));
  }

  private static boolean coversAllAddresses(LogFilter query, Collection<Bytes32> topics) {
    return query.addresses().isEmpty()
        && (query.topics().isEmpty() || (!topics.isEmpty() && query.topics().containsAll(topics)));
  }

  /**
   * Returns the filters that an answer has to satisfy: the wanted logs, and the queries for all
   * addresses, whose logs a contract discovered later may want.
   */
  List<LogFilter> wanted() {
    List<LogFilter> wanted = new ArrayList<>(filters);
    queries.stream()
        .filter(query -> query.addresses().isEmpty() && !filters.contains(query))
        .forEach(wanted::add);
    return wanted;
  }

  /** True if a block may hold a wanted log. */
  boolean mayMatch(LogsBloom bloom) {
    return wanted().stream().anyMatch(bloom::mayMatch);
  }
}
