package dev.millrace.postgres.client;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;

/** Connections for the reads of one lane, each watched for as long as it is used. */
public record WatchedPool(HikariDataSource pool, RequestWatch watch, String lane) {
  /** Work on a connection of the pool. */
  @FunctionalInterface
  public interface Reading<T> {
    T on(Connection connection) throws SQLException;
  }

  public <T> T reading(String doing, Reading<T> work) {
    try (Connection connection = pool.getConnection();
        RequestWatch.Request _ = watch.begin(lane, doing, connection)) {
      return work.on(connection);
    } catch (SQLException failed) {
      throw SqlErrors.translate(doing, failed);
    }
  }
}
