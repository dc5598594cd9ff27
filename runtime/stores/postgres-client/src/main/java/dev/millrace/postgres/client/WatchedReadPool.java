package dev.millrace.postgres.client;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;

/** Connections for the reads of one lane, each watched for as long as it is used. */
public record WatchedReadPool(HikariDataSource pool, RequestWatchdog watch, String lane) {
  /** Work on a connection of the pool. */
  @FunctionalInterface
  public interface ReadWork<T> {
    T on(Connection connection) throws SQLException;
  }

  public <T> T reading(String doing, ReadWork<T> work) {
    try (Connection connection = pool.getConnection();
        RequestWatchdog.Request _ = watch.begin(lane, doing, connection)) {
      return work.on(connection);
    } catch (SQLException failed) {
      throw PostgresErrors.translate(doing, failed);
    }
  }
}
