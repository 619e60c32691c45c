#include "link/session.h"

#include <gtest/gtest.h>

namespace hil::link {
namespace {

using Verdict = Session::Verdict;

TEST(Session, TakesNothingBeforeHello) {
  Session session;
  EXPECT_EQ(session.Judge(0), Verdict::kNoSession);
  EXPECT_FALSE(session.Damaged());
  EXPECT_TRUE(session.Open(7, 100));
  EXPECT_EQ(session.Judge(101), Verdict::kExecute);
}

TEST(Session, ExecutesInOrderAndRepeatsWhatWasExecuted) {
  Session session;
  session.Open(7, 0xFFFE);
  EXPECT_EQ(session.Judge(0xFFFF), Verdict::kExecute);
  EXPECT_EQ(session.Judge(0), Verdict::kExecute);
  EXPECT_EQ(session.Judge(0xFFFF), Verdict::kRepeat);
  EXPECT_EQ(session.Judge(0), Verdict::kRepeat);
  EXPECT_EQ(session.Judge(1), Verdict::kExecute);
}

TEST(Session, AsksOnceForWhatIsMissingInABurst) {
  Session session;
  session.Open(7, 0);
  EXPECT_EQ(session.Judge(2), Verdict::kNak);
  EXPECT_EQ(session.Judge(3), Verdict::kIgnore);
  EXPECT_EQ(session.Judge(4), Verdict::kIgnore);
  EXPECT_EQ(session.expected(), 1);
  // The host starts again, and 1 is lost once more.
  EXPECT_EQ(session.Judge(2), Verdict::kNak);
  EXPECT_EQ(session.Judge(3), Verdict::kIgnore);
  EXPECT_EQ(session.Judge(1), Verdict::kExecute);
  // The next loss is reported again.
  EXPECT_EQ(session.Judge(3), Verdict::kNak);
}

TEST(Session, AsksAtOnceWhenAFrameIsDamaged) {
  Session session;
  session.Open(7, 0);
  EXPECT_TRUE(session.Damaged());
  EXPECT_FALSE(session.Damaged());
  EXPECT_EQ(session.Judge(2), Verdict::kIgnore);  // behind the damaged one
  EXPECT_EQ(session.Judge(1), Verdict::kExecute);
  EXPECT_TRUE(session.Damaged());
}

TEST(Session, ARepeatedHelloDoesNotRestartTheSession) {
  Session session;
  EXPECT_TRUE(session.Open(7, 0));
  EXPECT_FALSE(session.Open(7, 0));
  EXPECT_EQ(session.nonce(), 7U);
  EXPECT_EQ(session.previous_nonce(), 0U);
  EXPECT_EQ(session.Judge(1), Verdict::kExecute);
  EXPECT_TRUE(session.Open(8, 0));
  EXPECT_EQ(session.previous_nonce(), 7U);
  EXPECT_EQ(session.Judge(1), Verdict::kExecute);
}

}  // namespace
}  // namespace hil::link
