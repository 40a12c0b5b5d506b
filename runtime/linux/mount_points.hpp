#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace mybuild::runtime {

enum class PointKind : std::uint8_t { directory, file };

struct MountPoint {
    std::string path;       ///< absolute, without links, `.` and `..`
    bool created = false;   ///< it was not there
    std::uint32_t mode = 0; ///< permission bits
};

/// Places to mount on in a root file system that may lack them. What is missing is made as a stub;
/// the destructor removes the stubs that are still empty. Times of the directories that hold them
/// are kept as if the stubs had never been there. Links are followed inside the root, dangling ones
/// included; nothing outside is ever reached, because every step is a single name relative to a
/// descriptor.
class MountPoints {
  public:
    explicit MountPoints(int root) : m_root(root) {}
    ~MountPoints();
    MountPoints(const MountPoints&) = delete;
    MountPoints& operator=(const MountPoints&) = delete;

    /// Finds or makes `target`. ErrorCode::invalid where something of another kind is there.
    Result<MountPoint> require(const std::string& target, PointKind kind);

  private:
    struct Stub {
        Fd parent;
        std::string name;
        PointKind kind;
        std::uint64_t inode;
    };
    class Walk;

    Result<Fd> create(int parent, const std::string& name, PointKind kind);

    int m_root; ///< borrowed
    std::vector<Stub> m_stubs;
};

} // namespace mybuild::runtime
