package dev.millrace.clickhouse.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;

/**
 * The ClickHouse server, its user and the timeouts.
 *
 * @param url of its HTTP interface: {@code http://host:8123}
 * @param database of this indexer alone
 * @param timeout the limit of a call; for a reader of rows, the longest silence of the server
 * @param longestQuery the limit of a reader: rows that it may still need are not deleted
 */
public record MirrorSettings(
    String url,
    String user,
    String password,
    String database,
    Duration timeout,
    Duration longestQuery) {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);
  private static final Duration DEFAULT_MAX_QUERY = Duration.ofHours(1);

  /**
   * A lane repeats, safely, a call without an answer. A server on a busy machine takes twenty
   * seconds to answer.
   */
  private static final Duration LANE_TIMEOUT = Duration.ofSeconds(60);

  public MirrorSettings {
    if (!url.startsWith("http://") && !url.startsWith("https://")) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "clickhouse url must begin with http:// or https://: url=" + withoutSecrets(url));
    }
    if (database.isEmpty()) {
      throw new MillraceException(Remedy.FIX_SETUP, "clickhouse database must have a name");
    }
    if (timeout.toMillis() < 1 || longestQuery.isNegative()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "timeout must be positive: timeout=%s longestQuery=%s".formatted(timeout, longestQuery));
    }
  }

  public static MirrorSettings of(String url, String user, String password, String database) {
    return new MirrorSettings(url, user, password, database, DEFAULT_TIMEOUT, DEFAULT_MAX_QUERY);
  }

  public MirrorSettings withTimeout(Duration time) {
    return new MirrorSettings(url, user, password, database, time, longestQuery);
  }

  /** Returns the settings for inserts and publications. */
  public MirrorSettings ofLane() {
    return timeout.compareTo(LANE_TIMEOUT) > 0 ? withTimeout(LANE_TIMEOUT) : this;
  }

  /** Returns the settings for statements that may take as long as a reader. */
  public MirrorSettings ofLongQueries() {
    return timeout.compareTo(longestQuery) > 0 ? this : withTimeout(longestQuery);
  }

  public MirrorSettings withLongestQuery(Duration time) {
    return new MirrorSettings(url, user, password, database, timeout, time);
  }

  private static String withoutSecrets(String url) {
    String place = url.contains("@") ? url.replaceFirst("//.*", "//…") : url;
    return place.replaceFirst("\\?.*", "");
  }

  /** Leaves the password out. */
  @Override
  public String toString() {
    return "url=%s user=%s database=%s timeout=%s longestQuery=%s"
        .formatted(withoutSecrets(url), user, database, timeout, longestQuery);
  }
}
