/** What proves an indexer right: the serial oracle, step gates and fault points. */
@NullMarked
package dev.millrace.testkit;

import org.jspecify.annotations.NullMarked;
