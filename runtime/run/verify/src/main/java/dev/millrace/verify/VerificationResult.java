package dev.millrace.verify;

import java.util.List;
import java.util.SortedMap;

/**
 * The comparison of both stores of an indexer, entity by entity and chain by chain, at one moment
 * of PostgreSQL.
 *
 * @param leftOut entities that cannot be compared, with the reason
 */
public record VerificationResult(List<Compared> compared, List<LeftOut> leftOut) {
  public VerificationResult {
    compared = List.copyOf(compared);
    leftOut = List.copyOf(leftOut);
  }

  /** True if nothing that was compared differs. */
  public boolean isEqual() {
    return compared.stream().allMatch(Compared::isEqual);
  }

  /** One entity in one chain. */
  public record Compared(
      String entity,
      String chain,
      long checkpoint,
      Side postgres,
      Side clickhouse,
      Differences found) {
    public boolean isEqual() {
      return postgres.equals(clickhouse);
    }

    public List<Difference> differences() {
      return found.named();
    }
  }

  /**
   * Rows that differ between the stores.
   *
   * @param named the first of them in the order of ids, among the rows compared
   * @param isSample true if some were not compared, so that there may be earlier ones
   */
  public record Differences(List<Difference> named, boolean isSample) {
    static final Differences NONE = new Differences(List.of(), false);

    public Differences {
      named = List.copyOf(named);
    }
  }

  /**
   * The contents of one store.
   *
   * @param sums of numeric columns, by the names of their components
   * @param hash of all rows, independent of their order
   */
  public record Side(long rows, SortedMap<String, String> sums, String hash) {}

  /** A row that differs between the stores, with the differing values of each. */
  public record Difference(String id, String postgres, String clickhouse) {}

  public record LeftOut(String entity, String why) {}
}
