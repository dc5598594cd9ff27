package dev.millrace.jsonrpc;

import java.io.IOException;
import java.io.InputStream;

/** Answers requests with replies, in bytes: a node that is reached without a network. */
@FunctionalInterface
public interface ByteExchange {
  /** Returns the body of the reply to one request; reading it may fail as on any connection. */
  InputStream reply(byte[] request) throws IOException, InterruptedException;
}
