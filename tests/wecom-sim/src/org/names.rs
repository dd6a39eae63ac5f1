//! Invented names: family and given syllables with their spelling, departments, positions.

/// A character and how it is spelled in a userid.
pub(crate) type Syllable = (&'static str, &'static str);

pub(crate) const FAMILY: &[Syllable] = &[
    ("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"), ("杨", "Yang"),
    ("赵", "Zhao"), ("黄", "Huang"), ("周", "Zhou"), ("吴", "Wu"), ("徐", "Xu"), ("孙", "Sun"),
    ("胡", "Hu"), ("朱", "Zhu"), ("高", "Gao"), ("林", "Lin"), ("何", "He"), ("郭", "Guo"),
    ("马", "Ma"), ("罗", "Luo"), ("梁", "Liang"), ("宋", "Song"), ("郑", "Zheng"), ("谢", "Xie"),
    ("韩", "Han"), ("唐", "Tang"), ("冯", "Feng"), ("于", "Yu"), ("董", "Dong"), ("萧", "Xiao"),
    ("程", "Cheng"), ("曹", "Cao"), ("袁", "Yuan"), ("邓", "Deng"), ("许", "Xu"), ("傅", "Fu"),
    ("沈", "Shen"), ("曾", "Zeng"), ("彭", "Peng"), ("吕", "Lv"), ("欧阳", "OuYang"),
    ("司马", "SiMa"), ("上官", "ShangGuan"), ("诸葛", "ZhuGe"),
];

pub(crate) const GIVEN: &[Syllable] = &[
    ("伟", "Wei"), ("芳", "Fang"), ("娜", "Na"), ("敏", "Min"), ("静", "Jing"), ("丽", "Li"),
    ("强", "Qiang"), ("磊", "Lei"), ("军", "Jun"), ("洋", "Yang"), ("勇", "Yong"), ("艳", "Yan"),
    ("杰", "Jie"), ("娟", "Juan"), ("涛", "Tao"), ("明", "Ming"), ("超", "Chao"), ("兰", "Lan"),
    ("霞", "Xia"), ("平", "Ping"), ("刚", "Gang"), ("桂", "Gui"), ("英", "Ying"), ("华", "Hua"),
    ("玉", "Yu"), ("文", "Wen"), ("建", "Jian"), ("国", "Guo"), ("春", "Chun"), ("梅", "Mei"),
    ("雪", "Xue"), ("琳", "Lin"), ("晨", "Chen"), ("宇", "Yu"), ("浩", "Hao"), ("然", "Ran"),
    ("欣", "Xin"), ("怡", "Yi"), ("子", "Zi"), ("轩", "Xuan"), ("梓", "Zi"), ("涵", "Han"),
    ("博", "Bo"), ("思", "Si"), ("远", "Yuan"), ("佳", "Jia"), ("慧", "Hui"), ("鹏", "Peng"),
    ("飞", "Fei"), ("龙", "Long"), ("秀", "Xiu"), ("珍", "Zhen"), ("安", "An"), ("宁", "Ning"),
    ("乐", "Le"), ("瑶", "Yao"), ("彤", "Tong"), ("森", "Sen"), ("岩", "Yan"), ("川", "Chuan"),
];

/// Names of the departments right under the root.
pub(crate) const BRANCHES: &[&str] = &[
    "华东分公司", "华南分公司", "华北分公司", "西南分公司", "研发中心", "产品中心", "运营中心",
    "供应链中心", "财务中心", "人力资源中心", "法务与合规部", "董事会办公室",
];

/// Names of all other departments; the same name stands under many parents.
pub(crate) const UNITS: &[&str] = &[
    "销售部", "市场部", "客户成功部", "研发部", "测试部", "运维部", "数据平台部", "设计部",
    "采购部", "仓储部", "行政部", "财务部", "人事部", "法务部", "审计部", "培训部", "安全部",
    "后端组", "前端组", "算法组", "华东组", "华南组", "大客户组", "渠道组",
];

pub(crate) const UNITS_IN_ENGLISH: &[&str] = &[
    "Sales", "Marketing", "Customer Success", "R&D", "QA", "Operations", "Insight", "Design",
    "Procurement", "Warehouse", "Administration", "Finance", "People", "Legal", "Audit",
    "Training", "Security", "Backend", "Frontend", "Algorithms", "East", "South", "Key Accounts",
    "Channels",
];

pub(crate) const POSITIONS: &[&str] = &[
    "工程师", "高级工程师", "产品经理", "设计师", "测试工程师", "销售经理", "客户经理", "会计",
    "人事专员", "法务专员", "运营专员", "采购专员", "仓储主管", "项目经理", "总监", "实习生", "",
];
