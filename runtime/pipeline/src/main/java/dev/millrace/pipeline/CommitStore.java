package dev.millrace.pipeline;

/**
 * Where lanes become durable: a database schema that holds the rows and the frontiers of one
 * indexer.
 */
public interface CommitStore extends AutoCloseable {
  /**
   * Takes a lane over in a new epoch, ending whoever held it if its lease is over or its session is
   * gone. Everything an earlier epoch still sends is refused from now on.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code YIELD}, naming the holder, if
   *     another process holds the lane
   */
  LaneStore takeOver(String lane);

  @Override
  void close();
}
